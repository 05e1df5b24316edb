"""The report's figures -> `ficha.html`: one screen in Spanish for the people who schedule flights.

It computes nothing that the report does not tell: it picks, rounds and draws.
"""

from typing import Any

from export.report.text import template

Figures = dict[str, Any]

MONTHS = (
    "enero", "febrero", "marzo", "abril", "mayo", "junio",
    "julio", "agosto", "septiembre", "octubre", "noviembre", "diciembre",
)  # fmt: skip

WIDTH, HEIGHT, LEFT, BELOW = 420, 190, 26, 22
"""Of a picture, and of the room for its labels."""


def sheet(figures: Figures) -> str:
    """The page. Its links lead back to the pages of the service that shows it, and to the report beside it."""
    recipe = figures["shipped"]["recipe"]
    tested = figures["recipes"][recipe]["backtest"]
    (announced,) = (
        row for row in figures["thresholds"]["backtest"] if row["threshold"] == figures["shipped"]["threshold"]
    )
    months = [
        {
            "name": MONTHS[int(row["month"][5:]) - 1],
            "said": row[recipe]["mean_probability"],
            "was": row[recipe]["delay_rate"],
        }
        for row in figures["months"]
    ]
    groups = [
        {"name": str(place), "said": group["predicted"], "was": group["delayed"]}
        for place, group in enumerate(tested["reliability"], 1)
    ]
    return template("ficha.html.jinja").render(
        quick=figures["quick"],
        years=_years(figures["data"]),
        flights=thousands(figures["data"]["flights"]),
        airlines=figures["data"]["airlines"],
        destinations=figures["data"]["destinations"],
        late=share(figures["data"]["delay_rate"]),
        tested=thousands(tested["test_flights"]),
        first=months[0]["name"],
        last=months[-1]["name"],
        threshold=share(figures["shipped"]["threshold"]),
        pairs=hundred(tested["auc"]),
        precision=hundred(announced["precision"]),
        anyone=hundred(tested["delay_rate"]),
        recall=hundred(announced["recall"]),
        announced=hundred(announced["announced"]),
        worst=_worst(months),
        said=share(tested["mean_probability"]),
        was=share(tested["delay_rate"]),
        by_month=picture([{**row, "name": row["name"][:3]} for row in months]),
        by_risk=picture(groups),
        size={"width": WIDTH, "height": HEIGHT},
        months=months,
        groups=groups,
        share=share,
    )


def _years(data: Figures) -> str:
    first, last = data["from"][:4], data["to"][:4]
    return first if first == last else f"{first} a {last}"


def _worst(months: list[Figures]) -> Figures:
    """The month whose level was furthest off."""
    month = max(months, key=lambda row: abs(row["was"] - row["said"]))
    return {
        "name": month["name"],
        "points": hundred(abs(month["was"] - month["said"])),
        "said": share(month["said"]),
        "was": share(month["was"]),
    }


def picture(rows: list[Figures]) -> Figures:
    """Bars of what happened and dots of what was said, in the units of the picture."""
    most = max(max(row["said"], row["was"]) for row in rows)
    steps = [step / 10 for step in range(int(most * 10) + 2)]
    top, bottom = steps[-1], HEIGHT - BELOW
    across = (WIDTH - LEFT) / len(rows)

    def height(part: float) -> float:
        return round(bottom - (bottom - 8) * part / top, 1)

    return {
        "left": LEFT,
        "bottom": bottom,
        "lines": [{"y": height(step), "label": f"{100 * step:.0f}"} for step in steps],
        "bars": [
            {
                "x": round(LEFT + place * across + across * 0.18, 1),
                "width": round(across * 0.64, 1),
                "middle": round(LEFT + (place + 0.5) * across, 1),
                "y": height(row["was"]),
                "height": round(bottom - height(row["was"]), 1),
                "said": height(row["said"]),
                "name": row["name"],
            }
            for place, row in enumerate(rows)
        ],
    }


def share(part: float) -> str:
    """`18,5 %`, or `25 %` where nothing stands behind the comma."""
    text = f"{100 * part:.1f}".removesuffix(".0").replace(".", ",")
    return f"{text}\N{NO-BREAK SPACE}%"


def hundred(part: float) -> int:
    """How many of a hundred."""
    return round(100 * part)


def thousands(number: int) -> str:
    return f"{number:,}".replace(",", ".")
