"""What a file comes to in the back office: a summary, a filter, and rows that open their reasons."""

import json
from pathlib import Path
from typing import Any

from playwright.sync_api import expect

MANIFEST = json.loads((Path(__file__).resolve().parents[2] / "tables" / "manifest.json").read_bytes())
THRESHOLD = MANIFEST["model"]["threshold"]
AIRLINES = ("Sky Airline", "Grupo LATAM", "Nueva")
SPACE = "\N{NO-BREAK SPACE}"


def percent(part: float) -> str:
    return f"{int(100 * part + 0.5)}{SPACE}%"


def test_a_file_is_summed_up_filtered_and_explained(card: Any, server: Any) -> None:
    page = card.page
    flights = [
        {"OPERA": airline, "SIGLADES": "Lima", "FECHA_PROGRAMADA": f"2027-03-0{day} {hour:02}:30"}
        for airline in AIRLINES
        for day in (1, 5, 7)
        for hour in (5, 14, 21)
    ]
    card.paste("OPERA;SIGLADES;FECHA_PROGRAMADA\n" + "\n".join(";".join(flight.values()) for flight in flights))
    expect(page.locator("#rows tr")).to_have_count(27)
    replies = server.post("/predict_delay_probabilities?detail=1", flights).json()
    high = [reply["probabilidad"] > THRESHOLD for reply in replies]
    mean = sum(reply["probabilidad"] for reply in replies) / 27
    assert 2 < sum(high) < 25
    expect(page.locator("#summary")).to_have_text(
        f"{sum(high)} vuelos de 27 ({percent(sum(high) / 27)}) con alta probabilidad de atraso. "
        f"En promedio {percent(mean)}: {round(27 * mean)} atrasos esperados."
    )
    page.locator("#by-airline summary").click()
    told = {
        row.inner_text().split("\t")[0]: row.inner_text().split("\t")[1:]
        for row in page.locator("#airline-rows tr").all()
    }
    for place, airline in enumerate(AIRLINES):
        some = slice(9 * place, 9 * place + 9)
        average = sum(reply["probabilidad"] for reply in replies[some]) / 9
        assert told[airline] == ["9", f"{sum(high[some])} ({percent(sum(high[some]) / 9)})", percent(average)]

    page.get_by_label("Mostrar").select_option("Solo los de alta probabilidad")
    expect(page.locator("#rows tr")).to_have_count(sum(high))
    expect(page.locator("#filtered")).to_have_text(f"{sum(high)} de 27 vuelos.")
    page.get_by_label("Mostrar").select_option("Solo los de nombre desconocido")
    expect(page.locator("#rows tr")).to_have_count(9)
    page.get_by_label("Mostrar").select_option("Todos")
    page.get_by_label("Filtrar por").fill("SKY 2027-03-05")
    expect(page.locator("#rows tr")).to_have_count(3)
    page.get_by_label("Filtrar por").fill("ninguno así")
    expect(page.locator("#filtered")).to_have_text("Ningún vuelo calza con el filtro.")
    page.get_by_label("Filtrar por").fill("latam 21:30")
    expect(page.locator("#rows tr")).to_have_count(3)
    assert len(card.download(";")) == 27  # all of them, whatever is shown

    opener = page.locator("#rows button").first
    opener.focus()
    page.keyboard.press("Enter")
    expect(opener).to_have_attribute("aria-expanded", "true")
    explanation = server.post("/explain_delay_probability", flights[11]).json()
    expect(page.locator("tr.why .reasons > li")).to_have_count(len(explanation["motivos"]))
    expect(page.locator("tr.why")).to_contain_text(explanation["base"]["frase"])
    page.locator("#rows tr").nth(2).locator("td").nth(2).click()  # anywhere in a row
    expect(page.locator("tr.why")).to_have_count(2)
    opener.click()
    expect(page.locator("tr.why")).to_have_count(1)
    page.get_by_role("button", name="Ver este vuelo completo").click()
    expect(page.locator(".flight")).to_contain_text("Grupo LATAM a Lima, viernes, 5 de marzo de 2027, 21:30")


def test_the_class_never_contradicts_the_figure(card: Any, server: Any) -> None:
    """Where 25 % would be either class, both have a decimal."""
    read = """async (all) => {
      const { percent } = await import("/web/words.js");
      return all.map(([part, threshold]) => percent(part, threshold));
    }"""
    cases = {
        (0.254, 0.25): "25,4", (0.246, 0.25): "24,6", (0.2504, 0.25): "25,04", (0.2496, 0.25): "25,0",
        (0.25, 0.25): "25,0", (0.250004, 0.25): "25,0004", (0.2551, 0.25): "26", (0.24, 0.25): "24",
        (0.333, 1 / 3): "33,3", (0.3334, 1 / 3): "33,34",
    }  # fmt: skip
    found = card.page.evaluate(read, [list(case) for case in cases])
    assert dict(zip(cases, found, strict=True)) == {case: f"{text}{SPACE}%" for case, text in cases.items()}
    every = [[n / 20_000, THRESHOLD] for n in range(4900, 5101)]
    for (part, _), text in zip(every, card.page.evaluate(read, every), strict=True):
        assert (float(text.split(SPACE)[0].replace(",", ".")) > 100 * THRESHOLD) == (part > THRESHOLD), part
