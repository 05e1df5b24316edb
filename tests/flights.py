"""Flights made here, in the form of the real ones."""

import csv
import random
from datetime import datetime, timedelta
from pathlib import Path

COLUMNS = (
    "Fecha-I", "Vlo-I", "Ori-I", "Des-I", "Emp-I", "Fecha-O", "Vlo-O", "Ori-O", "Des-O", "Emp-O",
    "DIA", "MES", "AÑO", "DIANOM", "TIPOVUELO", "OPERA", "SIGLAORI", "SIGLADES",
)  # fmt: skip
DAYS = ("Lunes", "Martes", "Miercoles", "Jueves", "Viernes", "Sabado", "Domingo")


def make_flights(path: Path) -> None:
    draw = random.Random(0)
    airlines = {"Grupo LATAM": 0.1, "Sky Airline": 0.3, "Ñandú Air": 0.6, "Air | Pipe": 0.2}
    destinations = {"Calama": 0.1, "Lima": 0.2, "Iquique": 0.4}
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(COLUMNS)
        for number in range(3000):
            opera, siglades = draw.choice(list(airlines)), draw.choice(list(destinations))
            when = datetime(2017, 1, 1) + timedelta(minutes=draw.randrange(365 * 24 * 60))
            chance = (airlines[opera] + destinations[siglades] + when.hour / 48) / 2
            late = timedelta(minutes=40 if draw.random() < chance else 5)
            if number == 7:
                when, late = datetime(2017, 12, 31, 23, 50), timedelta(minutes=40)
            left = when + late
            operated = "" if number == 8 else f"{number}.0" if number % 100 == 9 else number
            kind = "I" if siglades == "Lima" else "N"
            rows.writerow(
                [
                    *(when, number, "SCEL", "SCXX", "XXX", left, operated, "SCEL", "SCXX", "XXX"),
                    *(left.day, left.month, left.year, DAYS[left.weekday()], kind, opera, "Santiago", siglades),
                ]
            )
