"""How likely a flight leaves late: python predict.py "Sky Airline" Calama "2017-11-27 13:00"."""

import sys

import onnxruntime as ort
from flight import ROOT, flight, unknown

USAGE = """usage: python predict.py AIRLINE DESTINATION "YYYY-MM-DD HH:MM[:SS]"

The probability that the flight leaves Santiago more than 15 minutes late. The time is Santiago's; with a UTC offset,
as in 2017-11-27T13:00Z, it is converted."""


def main(args: list[str]) -> None:
    if len(args) != 3:
        raise ValueError("an airline, a destination and a time are wanted")
    asked = flight(*args)
    for sentence in unknown(asked):
        print(sentence, file=sys.stderr)
    session = ort.InferenceSession(ROOT / "pipeline.onnx")
    (probabilities,) = session.run(
        ["delay_probability"], {each.name: [asked[each.name]] for each in session.get_inputs()}
    )
    print(f"{probabilities[0]:.4f}")


if __name__ == "__main__":
    if set(sys.argv[1:]) & {"-h", "--help"}:
        print(USAGE)
    else:
        try:
            main(sys.argv[1:])
        except (OSError, ValueError) as error:
            sys.exit(f"{error}\n{USAGE}")
