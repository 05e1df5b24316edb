"""How likely a flight leaves late: python predict.py "Sky Airline" Calama "2017-11-27 13:00"."""

import sys
from datetime import datetime
from pathlib import Path

import onnxruntime as ort


def main(opera: str, siglades: str, time: str) -> None:
    when = datetime.fromisoformat(time)
    session = ort.InferenceSession(Path(__file__).parents[2] / "pipeline.onnx")
    flight = {
        "OPERA": [opera],
        "SIGLADES": [siglades],
        "FECHA": [f"{when:%Y-%m-%d}"],
        "dia_semana": [when.weekday()],
        "hora": [when.hour],
    }
    (probabilities,) = session.run(["delay_probability"], flight)
    print(f"{probabilities[0]:.4f}")


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except (TypeError, ValueError) as error:
        sys.exit(f'{error}\nusage: python predict.py AIRLINE DESTINATION "YYYY-MM-DD HH:MM"')
