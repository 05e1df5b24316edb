"""Whole files in the back office page: a CSV in, a table and a CSV out, nothing lost on the way."""

import csv
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from service.api.contract import FIELDS

ROOT = Path(__file__).resolve().parents[2]
FLIGHTS: list[dict[str, Any]] = json.loads((ROOT / "flights.json").read_bytes())
Open = Callable[..., Page]
HEADER = ",".join(FIELDS)
SKY = "Sky Airline,Calama,2017-11-27 13:00"
THRESHOLD = json.loads((ROOT / "tables" / "manifest.json").read_bytes())["model"]["threshold"]
BATCH = "**/predict_delay_probabilities?detail=1"

BAD = {
    7: "Sky Airline,Calama,2017-13-40 99:99",
    100: "Sky Airline,Calama,2017-11-27",
    101: "Sky Airline,,2017-11-27 13:00",
    999: "solo una columna",
    1500: ",Calama,2017-11-27 13:00",
    2000: "Sky Airline,Calama,mañana",
    2500: "Sky Airline,Calama,",
    3000: "x" * 300 + ",Calama,2017-11-27 13:00",
    4000: '"Sky, Airline",Calama,27/11/2017',
    5011: "Sky Airline,Calama,2017-02-30 10:00",
}


def lines_of(flights: list[dict[str, Any]], bad: dict[int, str]) -> list[str]:
    """A CSV's lines: a header, `bad` ones at their places, and the flights around them."""
    good = iter([",".join(flight[field] for field in FIELDS) for flight in flights])
    return [HEADER, *(bad.get(line) or next(good) for line in range(2, len(flights) + len(bad) + 2))]


def paste(page: Page, text: str) -> None:
    page.locator("#paste-box").evaluate("(fold) => (fold.open = true)")
    page.get_by_label("Texto del CSV").fill(text)
    page.get_by_role("button", name="Calcular todos").click()


def choose_file(page: Page, path: Path) -> None:
    page.get_by_label("Elegir un archivo CSV o Excel").set_input_files(path)


def bad_lines(page: Page) -> list[int]:
    texts = page.locator("#bad-lines li").all_inner_texts()
    return [int(re.findall(r"^Línea (\d+):", text)[0]) for text in texts]


def downloaded(page: Page, separator: str = ",") -> list[dict[str, str]]:
    with page.expect_download() as started:
        page.get_by_role("button", name="Descargar con los resultados").click()
    with Path(started.value.path()).open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file, delimiter=separator))


def test_five_thousand_flights_with_ten_bad_lines(open_page: Open, server: Any, tmp_path: Path) -> None:
    flights = [FLIGHTS[n % len(FLIGHTS)] for n in range(5000)]
    path = tmp_path / "vuelos.csv"
    path.write_text("\r\n".join(lines_of(flights, BAD)), encoding="utf-8")
    page = open_page(server.url)
    choose_file(page, path)
    state = re.compile("^5.?000 vuelos calculados; 10 líneas con problemas.$")
    expect(page.locator("#file-state")).to_have_text(state, timeout=30_000)
    expect(page.locator("#progress")).to_be_hidden()
    assert bad_lines(page) == sorted(BAD)

    rows = downloaded(page)
    assert len(rows) == 5010
    assert [n for n, row in enumerate(rows, 2) if row["Problema"]] == sorted(BAD)
    good = [row for row in rows if not row["Problema"]]
    replies = server.post("/predict_delay_probabilities", flights).json()
    told = [float(row["Probabilidad de atraso"]) for row in good]
    assert [round(one, 2) for one in told] == [reply["delay_probability"] for reply in replies]
    assert [one > THRESHOLD for one in told] == [reply["clase"][0].startswith("Alta") for reply in replies]
    assert any(one not in (round(one, 2), THRESHOLD) for one in told)  # 0,249, say, which is no 0,25
    assert [row["Clase"] for row in good] == [reply["clase"][0] for reply in replies]
    assert [[row[field] for field in FIELDS] for row in good] == [[each[field] for field in FIELDS] for each in flights]

    heading = page.get_by_role("button", name="Probabilidad", exact=True)
    heading.click()
    heading.click()
    most = max(reply["delay_probability"] for reply in replies)
    first = page.locator("#rows tr").first.locator("td")
    expect(first.nth(1)).to_have_text(f"{round(most * 100)}\N{NO-BREAK SPACE}% alta")
    expect(page.locator("th:has([data-column])").nth(1)).to_have_attribute("aria-sort", "descending")
    expect(page.locator("#rows tr")).to_have_count(200)
    page.get_by_role("button", name="Mostrar más").click()
    expect(page.locator("#rows tr")).to_have_count(400)


def test_what_is_wrong_is_said_in_words(open_page: Open, server: Any) -> None:
    page = open_page(server.url)
    problems = {
        "Sky Airline,Calama,hoy": "no se entiende la salida «hoy»: se escribe AAAA-MM-DD HH:MM o DD/MM/AAAA HH:MM",
        "Sky Airline,,2017-11-27 13:00": "falta el destino",
        "x" * 257 + ",Calama,2017-11-27 13:00": "la aerolínea tiene más de 256 letras",
        "Sky, Airline,Calama,2017-11-27 13:00": "tiene 4 campos, y la primera línea tiene 3",
        'Sky "Airline,Calama,2017-11-27 13:00': "",
        '"Sky Airline,Calama,2017-11-27 13:00': "una comilla no se cierra",
        "\N{AIRPLANE}" * 256 + ",Calama,2017-11-27 13:00,,": "",
    }
    paste(page, "\n".join([HEADER, *problems, SKY]))
    unknown = "2 vuelos con un nombre que el modelo no conoce, donde usa promedios"
    expect(page.locator("#file-state")).to_have_text(f"3 vuelos calculados; {unknown}; 5 líneas con problemas.")
    told = [f"Línea {n}: {why}" for n, why in enumerate(problems.values(), 2) if why]
    assert page.locator("#bad-lines li").all_inner_texts() == told


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("a,b,c\n1,2,3", "falta la aerolínea, el destino, la salida"),
        (HEADER + "\n", "El archivo no trae vuelos."),
        ("", "Pega primero el texto de un CSV"),
    ],
)
def test_a_text_without_flights_is_told(open_page: Open, server: Any, text: str, sentence: str) -> None:
    page = open_page(server.url)
    paste(page, text)
    expect(page.locator("#file-state")).to_contain_text(sentence)
    expect(page.locator("#progress")).to_be_hidden()


def test_semicolons_quotes_and_script_stay_text(open_page: Open, server: Any) -> None:
    page = open_page(server.url)
    paste(page, '\ufefffecha_programada;opera;siglades\n2017-11-27 13:00;"<script>x</script>; ""S.A.""";Calama\n')
    expect(page.locator("#file-state")).to_contain_text(
        "1 vuelo calculado; 1 vuelo con un nombre que el modelo no conoce"
    )
    expect(page.locator("#rows td").nth(2)).to_have_text('<script>x</script>; "S.A."')
    (row,) = downloaded(page, ";")
    assert row["opera"] == '<script>x</script>; "S.A."'
    assert re.fullmatch(r"0,\d+", row["Probabilidad de atraso"])


def test_other_columns_and_their_order_are_kept(open_page: Open, server: Any) -> None:
    page = open_page(server.url)
    rows = [
        ["LA100", "27/11/2017 13:00", "=1+1", "Calama", "Sky Airline"],
        ["LA101", "27-11-2017 9:05", "-3,5", "Calama", "Sky Airline"],
        ["LA102", "pronto", "+cmd|x", "Calama", "Sky Airline"],
    ]
    paste(page, "\n".join(["vuelo;FECHA_PROGRAMADA;nota;SIGLADES;OPERA", *map(";".join, rows)]))
    expect(page.locator("#file-state")).to_have_text("2 vuelos calculados; 1 línea con problemas.")
    found = downloaded(page, ";")
    assert list(found[0]) == [
        "vuelo",
        "FECHA_PROGRAMADA",
        "nota",
        "SIGLADES",
        "OPERA",
        "Probabilidad de atraso",
        "Clase",
        "Nombre desconocido",
        "Problema",
    ]
    assert [row["nota"] for row in found] == ["'=1+1", "-3,5", "'+cmd|x"]  # a spreadsheet would run the two
    assert [row["FECHA_PROGRAMADA"] for row in found] == [row[1] for row in rows]
    flight = {"OPERA": "Sky Airline", "SIGLADES": "Calama", "FECHA_PROGRAMADA": "2017-11-27 13:00"}
    expected = server.post("/predict_delay_probability", flight).json()["delay_probability"]
    assert float(found[0]["Probabilidad de atraso"].replace(",", ".")) == expected
    assert (found[2]["Probabilidad de atraso"], found[2]["Clase"]) == ("", "")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16be", "utf-16le"])
def test_a_file_as_spreadsheets_write_it(open_page: Open, server: Any, tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "vuelos.csv"
    path.write_bytes(f"{HEADER}\r\nÑandú Air,Viña,2017-11-27 13:00\r\n".encode(encoding))
    page = open_page(server.url)
    choose_file(page, path)
    expect(page.locator("#rows td").nth(2)).to_have_text("Ñandú Air")
    expect(page.locator("#rows td").nth(3)).to_have_text("Viña")


@pytest.mark.parametrize(
    ("begin", "sentence"),
    [
        (b"PK\3\4", "Ese archivo no se pudo leer como libro de Excel (.xlsx); guárdalo como CSV."),
        (b"\xd0\xcf\x11\xe0", "Eso es un libro de Excel antiguo; guárdalo como .xlsx o como CSV."),
    ],
)
def test_a_workbook_that_cannot_be_read_is_told(
    open_page: Open, server: Any, tmp_path: Path, begin: bytes, sentence: str
) -> None:
    (tmp_path / "vuelos.csv").write_bytes(begin + bytes(range(256)))
    page = open_page(server.url)
    choose_file(page, tmp_path / "vuelos.csv")
    expect(page.locator("#file-state")).to_have_text(sentence)


def test_a_file_is_dropped_anywhere(open_page: Open, server: Any) -> None:
    page = open_page(server.url)
    transfer = page.evaluate_handle(
        "(text) => { const data = new DataTransfer(); data.items.add(new File([text], 'a.csv')); return data; }",
        f"{HEADER}\n{SKY}\n",
    )
    page.dispatch_event("header", "dragover", {"dataTransfer": transfer})
    expect(page.locator("#drop")).to_have_class("over")
    page.dispatch_event("header", "drop", {"dataTransfer": transfer})
    expect(page.locator("#drop")).not_to_have_class("over")
    expect(page.locator("#file-state")).to_have_text("1 vuelo calculado.")


def test_a_silence_in_the_middle_of_a_file_is_outlived(open_page: Open, server: Any) -> None:
    """The third slice meets a broken connection, then a busy server, then a server that takes fewer flights."""
    page = open_page(server.url, silent=False)
    asked: list[int] = []
    too_long = json.dumps(
        {"detail": [{"type": "too_long", "loc": ["body"], "msg": "at most 300 items", "input": None}]}
    )
    busy = json.dumps({"detail": "Too many flights are waiting for the model, try again"})

    def answer(route: Route) -> None:
        asked.append(len(route.request.post_data_json))
        match len(asked):
            case 3 | 4:
                route.abort()
            case 5:
                route.fulfill(status=503, body=busy, content_type="application/json", headers={"retry-after": "1"})
            case 6:
                route.fulfill(status=422, body=too_long, content_type="application/json")
            case _:
                route.continue_()

    page.route(BATCH, answer)
    flights = [FLIGHTS[n % len(FLIGHTS)] for n in range(1600)]
    paste(page, "\n".join(lines_of(flights, {})))
    expect(page.locator("#connection")).to_be_visible()
    expect(page.locator("#file-state")).to_have_text(re.compile("^1.?600 vuelos calculados.$"), timeout=30_000)
    expect(page.locator("#connection")).to_be_hidden()
    assert asked == [500, 500, 500, 500, 500, 500, 250, 250, 100]
    replies = server.post("/predict_delay_probabilities", flights).json()
    assert [round(float(row["Probabilidad de atraso"]), 2) for row in downloaded(page)] == [
        each["delay_probability"] for each in replies
    ]


def test_the_server_stops_in_the_middle_of_a_file_and_comes_back(
    open_page: Open, servers: Callable[..., Any], free_port: int
) -> None:
    first = servers("--workers", 1, "--port", free_port)
    page = open_page(first.url, silent=False)
    asked: list[Route] = []

    def answer(route: Route) -> None:
        asked.append(route)
        if len(asked) == 2:
            first.stop()
        route.continue_()

    page.route(BATCH, answer)
    paste(page, "\n".join(lines_of([FLIGHTS[n % len(FLIGHTS)] for n in range(1200)], {})))
    expect(page.locator("#connection")).to_be_visible()
    expect(page.locator("#file-state")).to_have_text(re.compile("^Calculando: 500 de 1.?200 vuelos…$"))
    servers("--workers", 1, "--port", free_port)
    expect(page.locator("#file-state")).to_have_text(re.compile("^1.?200 vuelos calculados.$"))
    expect(page.locator("#connection")).to_be_hidden()


def test_a_file_is_stopped_and_what_is_done_stays(open_page: Open, server: Any) -> None:
    page = open_page(server.url, silent=False)
    asked: list[Route] = []
    page.route(BATCH, lambda route: asked.append(route) if asked else (asked.append(route), route.continue_()))
    paste(page, "\n".join(lines_of([FLIGHTS[n % len(FLIGHTS)] for n in range(1200)], {2: "a,b,c"})))
    expect(page.locator("#file-state")).to_have_text(re.compile("Calculando: 500 de 1.?200 vuelos…"))
    expect(page.locator("#progress")).to_be_visible()
    assert page.locator("#progress").evaluate("(bar) => bar.value / bar.max") == pytest.approx(500 / 1200)
    page.get_by_role("button", name="Detener").click()
    expect(page.locator("#file-state")).to_have_text(
        "500 vuelos calculados; 1 línea con problemas; 700 vuelos sin calcular."
    )
    expect(page.locator("#progress")).to_be_hidden()
    assert len(downloaded(page)) == 1201
    page.unroute(BATCH)
    paste(page, f"{HEADER}\n{SKY}\n")
    expect(page.locator("#file-state")).to_have_text("1 vuelo calculado.")


def test_a_wrong_file_ends_the_one_before(open_page: Open, server: Any) -> None:
    page = open_page(server.url, silent=False)
    page.route(BATCH, lambda route: None)  # never answered
    paste(page, f"{HEADER}\n{SKY}\n")
    expect(page.locator("#progress")).to_be_visible()
    paste(page, "a,b,c\n")
    expect(page.locator("#file-state")).to_contain_text("La primera línea debe nombrar las columnas")
    expect(page.locator("#progress")).to_be_hidden()


def test_a_failing_server_loses_nothing(open_page: Open, server: Any) -> None:
    page = open_page(server.url, silent=False)
    failure = {"status": 500, "body": '{"detail": "Internal Server Error"}', "content_type": "application/json"}
    page.route(BATCH, lambda route: route.fulfill(**failure))
    paste(page, f"{HEADER}\n{SKY}\n")
    expect(page.locator("#file-state")).to_have_text(
        "El servicio no pudo responder: Internal Server Error. 0 vuelos calculados; 1 vuelo sin calcular."
    )


def test_a_strict_service_names_the_unknown(open_page: Open, servers: Callable[..., Any]) -> None:
    page = open_page(servers("--strict", "--workers", 1).url, silent=False)
    paste(page, f"{HEADER}\n{SKY}\nSky Airlin,Calama,2017-11-27 13:00\n")
    expect(page.locator("#file-state")).to_have_text("1 vuelo calculado; 1 línea con problemas.")
    expect(page.locator("#bad-lines")).to_have_text(
        "Línea 3: el modelo no conoce la aerolínea «Sky Airlin»; lo más parecido es «Sky Airline»"
    )
