"""A flight -> the inputs of pipeline.onnx; times are read as the service reads them."""

import json
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

ROOT = Path(__file__).resolve().parents[2]
TIME = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d([.,]\d+)?)?(Z|[+-]\d\d(:?\d\d)?)?", re.ASCII)
SANTIAGO = ZoneInfo("America/Santiago")
LONGEST = 256

Flight = dict[str, str | int]


def flight(opera: str, siglades: str, time: str) -> Flight:
    """Raises ValueError where the service would refuse it."""
    for name in (opera, siglades):
        if len(name) > LONGEST:
            raise ValueError(f"a name has at most {LONGEST} characters")
    when = read_time(time)
    return {
        "OPERA": opera,
        "SIGLADES": siglades,
        "FECHA": when.date().isoformat(),
        "dia_semana": when.weekday(),  # 0 is Monday
        "hora": when.hour,
    }


def read_time(text: str) -> datetime:
    """Santiago's local time; with a UTC offset it is converted."""
    try:
        if not TIME.fullmatch(text):
            raise ValueError
        when = datetime.fromisoformat(text)
        return when.astimezone(SANTIAGO).replace(tzinfo=None) if when.tzinfo else when
    except (ValueError, OverflowError):
        raise ValueError(f"{text!r} is no time of the form YYYY-MM-DD HH:MM[:SS]") from None


def unknown(asked: Flight) -> Iterator[str]:
    """A sentence for each name that no table knows: the model takes averages for it."""
    features = json.loads((ROOT / "tables" / "manifest.json").read_bytes())["features"]
    for part, what in (("OPERA", "airline"), ("SIGLADES", "destination")):
        for feature in features:
            if feature["key"] == [part]:
                table = json.loads((ROOT / "tables" / f"{feature['name']}.json").read_bytes())
                if asked[part] not in table:
                    yield f'the model does not know the {what} "{asked[part]}": it takes averages'
                break
