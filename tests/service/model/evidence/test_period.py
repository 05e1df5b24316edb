import json
from pathlib import Path
from typing import Any

import pytest

from service.model.bundle import read
from service.model.evidence.period import Period, period_of

ROOT = Path(__file__).resolve().parents[4]
WHOLE = {"rows": 7, "from": "2024-03-01", "to": "2024-02-29"}


def test_the_shipped_bundle_tells_its_manifests() -> None:
    data = json.loads((ROOT / "tables" / "manifest.json").read_bytes())["data"]
    assert read(ROOT).period == Period(data["rows"], data["from"], data["to"])


@pytest.mark.parametrize(
    ("data", "period"),
    [
        (WHOLE, Period(7, "2024-03-01", "2024-02-29")),
        (WHOLE | {"to": "2023-02-29"}, None),
        (WHOLE | {"to": "20240229"}, None),
        (WHOLE | {"rows": "7"}, None),
        ({"rows": 7}, None),
        (None, None),
        ("2024", None),
    ],
)
def test_what_a_manifest_may_say(data: Any, period: Period | None) -> None:
    assert period_of(data) == period
