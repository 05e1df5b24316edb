"""CSVs as people and their programs write them: what each line is read as, and what is told of the others."""

import itertools
import random
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

SKY = "Sky Airline,Calama,2017-11-27 13:00"
HEADER = "OPERA,SIGLADES,FECHA_PROGRAMADA"
STRAY = 'Sky Airline,"Calama,2017-11-27 13:00'
QUOTE = "una comilla no se cierra, o sobra"


def test_two_stray_quotes_cost_their_own_lines_only(card: Any) -> None:
    card.paste("\n".join([HEADER, STRAY, *[SKY] * 5, STRAY]))
    expect(card.state).to_have_text("5 vuelos calculados; 2 líneas con problemas.")
    assert card.bad.all_inner_texts() == [f"Línea 2: {QUOTE}", "Línea 8: una comilla no se cierra"]
    assert card.column("Línea") == ["3", "4", "5", "6", "7"]


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (['"Sky Airline"x,Calama,2017-11-27 13:00', SKY], [f"Línea 2: {QUOTE}"]),
        (['"Sky\nAirline",Calama,2017-11-27 13:00', SKY], ["Línea 2: hay un salto de línea en la aerolínea"]),
        (['Sky Airline,Calama,"2017-11-27 13:00', SKY, 'Sky Airline,Calama,"'], ["Línea 2: hay un salto", "Línea 4:"]),
        (['Sky Airline,"Calama","2017-11-27 13:00" ', SKY], []),
        (['Sky Airline,Calama,2017-11-27 13:00,"', SKY, SKY + ',"'], [f"Línea 2: {QUOTE}", "Línea 4:"]),
    ],
    ids=["after a closing quote", "a key over two lines", "a time that swallows", "spaces behind", "a note"],
)  # fmt: skip
def test_a_wrong_quote_is_told_and_the_next_line_read(card: Any, lines: list[str], told: list[str]) -> None:
    card.paste("\n".join([HEADER, *lines, SKY]))
    expect(card.state).to_contain_text("calculado")
    found = card.bad.all_inner_texts()
    assert [sentence.startswith(each) for sentence, each in zip(found, told, strict=True)] == [True] * len(told)
    assert card.column("Línea")[-1] == str("\n".join([HEADER, *lines, SKY]).count("\n") + 1)


def test_a_note_over_some_lines_is_one_field(card: Any) -> None:
    card.paste(f'nota,{HEADER}\n"dos ""maletas"",\ny un perro",{SKY}\n,{SKY}\n')
    expect(card.state).to_have_text("2 vuelos calculados.")
    assert card.column("Línea") == ["2", "4"]
    assert [row["nota"] for row in card.download()] == ['dos "maletas",\ny un perro', ""]


def test_stray_quotes_anywhere_never_lose_a_line(card: Any) -> None:
    """Each line is calculated or told, whatever quotes are in it, and a whole one is calculated."""
    draw = random.Random(0)
    for _ in range(40):
        lines = [SKY] * 9
        for place in draw.sample(range(9), 3):
            at = draw.randrange(len(SKY) + 1)
            lines[place] = SKY[:at] + '"' * draw.choice([1, 1, 2, 3]) + SKY[at:]
        card.paste("\n".join([HEADER, *lines]))
        expect(card.page.locator("#progress")).to_be_hidden()
        expect(card.state).to_contain_text("calculado")
        calculated = {int(line) for line in card.column("Línea")}
        told = {int(text.split(":")[0].split()[1]) for text in card.bad.all_inner_texts()}
        assert calculated | told == set(range(2, 11)), lines
        assert {n for n, line in enumerate(lines, 2) if line == SKY} <= calculated, lines


FORMS = {
    "line ends of old Macs": "OPERA;SIGLADES;FECHA_PROGRAMADA\rSky Airline;Calama;2017-11-27 13:00\r",
    "sep=": "sep=;\r\nOPERA;SIGLADES;FECHA_PROGRAMADA\r\nSky Airline;Calama;2017-11-27 13:00\r\n",
    "sep= that nothing else tells": '"sep=!"\nOPERA!SIGLADES!FECHA_PROGRAMADA\nSky Airline!Calama!2017-11-27 13:00\n',
    "an empty first line": f"\n\n{HEADER}\n{SKY}\n",
    "a first line of separators": f";;\n{HEADER.replace(',', ';')}\n{SKY.replace(',', ';')}\n",
    "a last line of separators": f"{HEADER.replace(',', ';')}\n{SKY.replace(',', ';')}\n;;\n",
    "Ctrl-Z": f"{HEADER}\r\n{SKY}\r\n\x1a",
    "commas in a name of the header": f"{HEADER},nota (a;b)\n{SKY},\n",
    "tabs": f"{HEADER}\n{SKY}".replace(",", "\t"),
    "no header": SKY,
    "no header, tabs, the time first": "27/11/2017 1:00 PM\tSky Airline\tCalama",
    "a year of two digits": f"{HEADER}\nSky Airline,Calama,27/11/17 13:00",
    "names of people": "Aerolínea;Destino;Salida\nSky Airline;Calama;27/11/2017 1:00 p. m.",
    "other names": "N.º,LÍNEA AÉREA,Ciudad de destino,Fecha y hora de salida\n1," + SKY,
    "English names": "Carrier,Destination,Scheduled departure\n" + SKY,
    "the service's own beside others": "Fecha,Destino,OPERA,SIGLADES,FECHA_PROGRAMADA\nx,y," + SKY,
}


@pytest.mark.parametrize("text", FORMS.values(), ids=FORMS)
def test_a_form_that_programs_write_is_read(card: Any, example_cell: str, tmp_path: Path, text: str) -> None:
    (tmp_path / "vuelos.csv").write_bytes(text.encode())
    card.choose(tmp_path / "vuelos.csv")
    expect(card.state).to_have_text("1 vuelo calculado.")
    assert card.column("Probabilidad") == [example_cell]


def test_a_column_that_is_there_twice_is_refused(card: Any) -> None:
    card.paste(f"OPERA,opera,{HEADER}\nx,y,{SKY}")
    expect(card.state).to_have_text("La primera línea nombra OPERA 3 veces; deja una sola de esas columnas.")
    expect(card.page.locator("#mapping")).to_be_hidden()


def test_a_name_that_is_read_as_another_is_not_marked_beside_an_unknown_one(card: Any) -> None:
    names = ["latam,CONCEPCIÓN ", "SKU,São  Paulo", "Nueva,Ninguna"]
    card.paste("\n".join([HEADER, *(f"{each},2017-11-27 13:00" for each in names)]))
    expect(card.state).to_have_text(
        "3 vuelos calculados; 1 vuelo con un nombre que el modelo no conoce, donde usa promedios."
    )
    assert card.column("Nombre desconocido") == ["", "", "aerolínea y destino"]


def test_unknown_names_are_marked_in_the_table_and_the_download(card: Any) -> None:
    names = ["Sky Airline,Calama", "Nueva,Calama", "Nueva,Ninguna", "Sky Airline,Ninguna"]
    card.paste("\n".join([HEADER, *(f"{each},2017-11-27 13:00" for each in names), "Nueva,Calama,hoy"]))
    expect(card.state).to_have_text(
        "4 vuelos calculados; 3 vuelos con un nombre que el modelo no conoce, donde usa promedios; "
        "1 línea con problemas."
    )
    told = ["", "aerolínea", "aerolínea y destino", "destino"]
    assert card.column("Nombre desconocido") == told
    assert [row["Nombre desconocido"] for row in card.download()] == [*told, ""]
    heading = card.page.get_by_role("button", name="Nombre desconocido")
    heading.click()
    heading.click()
    assert card.column("Nombre desconocido")[0] == "destino"


def test_what_was_downloaded_can_be_given_again(card: Any, tmp_path: Path) -> None:
    card.paste(f"vuelo;Aerolínea;Destino;Salida\n7;{SKY.replace(',', ';')}\n8;Nueva;Calama;hoy")
    expect(card.state).to_contain_text("1 vuelo calculado")
    first = card.take("Descargar con los resultados")
    assert first.splitlines()[0] == (
        "vuelo;Aerolínea;Destino;Salida;Probabilidad de atraso;Clase;Nombre desconocido;Problema"
    )
    (tmp_path / "atrasos.csv").write_text("\ufeff" + first, newline="")
    card.choose(tmp_path / "atrasos.csv")
    expect(card.state).to_contain_text("1 vuelo calculado")
    assert card.take("Descargar con los resultados") == first


def test_a_flight_without_its_header_is_given_names_in_the_download(card: Any) -> None:
    card.paste("Sky Airline;Calama;27/11/2017 13:00\nNueva;Calama;27/11/2017 13:00")
    expect(card.state).to_contain_text("2 vuelos calculados")
    assert card.column("Línea") == ["1", "2"]
    assert list(card.download(";")[0])[:3] == ["Aerolínea", "Destino", "Salida"]


def test_the_template_is_a_file_that_is_taken(card: Any, tmp_path: Path) -> None:
    template = card.take("Descargar una plantilla")
    assert template.splitlines()[0] == "Aerolínea;Destino;Salida"
    (tmp_path / "plantilla.csv").write_text(template)
    card.choose(tmp_path / "plantilla.csv")
    expect(card.state).to_have_text("2 vuelos calculados.")


def test_many_wrong_quotes_do_not_hold_the_page_up(card: Any, tmp_path: Path) -> None:
    lines = itertools.islice(itertools.cycle([SKY, STRAY, f'{SKY},"', f'{SKY},"""']), 4000)
    (tmp_path / "vuelos.csv").write_text("\n".join([HEADER, *lines]))
    card.choose(tmp_path / "vuelos.csv")
    expect(card.state).to_contain_text("líneas con problemas")
