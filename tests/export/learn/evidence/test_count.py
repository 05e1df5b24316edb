from collections import Counter
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from export.bundle import read
from export.data.flights import Flights, read_flights
from export.learn.evidence.count import Evidence, add, count
from export.learn.evidence.stored import to_bytes
from export.learn.ratios import Ratio, Value, make_tables
from export.learn.tables import Table
from service.model.keys import PARTS, key_text

FEATURES = (
    Value("hora"),
    Ratio(("OPERA",), smoothing=20),
    Ratio(("OPERA", "SIGLADES", "hora"), smoothing=20),
    Ratio(("DIA",), months=1),
)


def tables_of(flights: Flights) -> list[Table]:
    return make_tables(FEATURES, flights, half_life=6)


def by_hand(flights: Flights, key: tuple[str, ...]) -> dict[str, tuple[int, int]]:
    keys = [key_text([parts[PARTS.index(part)] for part in key]) for parts in flights.parts]
    late = Counter(key for key, delayed in zip(keys, flights.delayed, strict=True) if delayed)
    plain = {text for text in keys if len(key) == 1 or text.count("|") == len(key) - 1}
    return {text: (number, late[text]) for text, number in sorted(Counter(keys).items()) if text in plain}


def test_counts_are_those_of_the_flights(small_csv: Path) -> None:
    flights = read_flights(small_csv)
    found = count(tables_of(flights), flights)
    assert (found.flights, found.late) == (3000, int(flights.delayed.sum()))
    assert (found.first, found.last) == (str(flights.scheduled.min().item()), "2017-12-31 23:50:00")
    for feature in FEATURES[:3]:
        key = feature.key if isinstance(feature, Ratio) else (feature.part,)
        assert found.tables[feature.name].counts == by_hand(flights, key)
        assert found.tables[feature.name].months is None


def test_a_table_of_the_last_months_counts_those(small_csv: Path) -> None:
    flights = read_flights(small_csv)
    found = count(tables_of(flights), flights).tables["Last 1 Months_delay_ratio_DIA"]
    recent = flights.take(np.flatnonzero(flights.scheduled >= np.datetime64("2017-11-30T23:50:00")))
    assert (found.months, found.counts) == (1, by_hand(recent, ("DIA",)))


def test_a_routes_hours_add_up_to_all_flights(small_csv: Path) -> None:
    flights = read_flights(small_csv)
    found = count(tables_of(flights), flights)
    pairs = [pair for routes in found.routes.values() for counts in routes.values() for pair in counts.values()]
    assert tuple(map(sum, zip(*pairs, strict=True))) == (found.flights, found.late)
    assert "Air | Pipe" in found.routes  # a name with the separator in it is in no composite key
    assert not any(key.startswith("Air | Pipe") for key in found.tables[FEATURES[2].name].counts)


@pytest.fixture(scope="module")
def halves(small_csv: Path) -> tuple[Flights, Flights, Flights]:
    whole = read_flights(small_csv)
    old = whole.scheduled < np.datetime64("2017-11-01")
    return whole, whole.take(np.flatnonzero(old)), whole.take(np.flatnonzero(~old))


def test_new_flights_add_to_the_old_counts(halves: tuple[Flights, Flights, Flights]) -> None:
    whole, old, new = halves
    before = count(tables_of(old), old)
    assert to_bytes(add(before, tables_of(new), new)) == to_bytes(count(tables_of(whole), whole))


def test_flights_that_were_counted_are_not_so_again(halves: tuple[Flights, Flights, Flights]) -> None:
    whole, old, _ = halves
    before = count(tables_of(old), old)
    expected = count(tables_of(whole), whole)
    overlapping = whole.take(np.flatnonzero(whole.scheduled >= np.datetime64("2017-08-01")))
    for given in (whole, overlapping):
        assert add(before, tables_of(given), given) == expected
    known = old.take(np.flatnonzero(old.scheduled >= np.datetime64("2017-06-01")))
    assert add(before, tables_of(known), known) == before
    assert add(None, tables_of(known), known) == count(tables_of(known), known)


def test_what_left_the_window_is_in_its_counts_no_more(halves: tuple[Flights, Flights, Flights]) -> None:
    whole, old, new = halves
    added = add(count(tables_of(old), old), tables_of(new), new).tables["Last 1 Months_delay_ratio_DIA"]
    assert sum(flights for flights, _ in added.counts.values()) < len(new)
    assert added == count(tables_of(whole), whole).tables["Last 1 Months_delay_ratio_DIA"]


def test_a_route_that_is_new_is_added() -> None:
    when = datetime(2017, 1, 2, 9)
    old = Flights([("A", "B", when)], np.array([True]), "old")
    new = Flights(
        [("A", "C", when.replace(year=2018)), ("D", "B", when.replace(year=2018))], np.array([False] * 2), "n"
    )
    assert add(count([], old), [], new).routes == {
        "A": {"B": {"0|9": (1, 1)}, "C": {"1|9": (1, 0)}},
        "D": {"B": {"1|9": (1, 0)}},
    }


def test_refresh_adds_without_the_old_flights(
    halves: tuple[Flights, Flights, Flights], small_csv: Path, tmp_path: Path, run_export: Callable[..., str]
) -> None:
    """The counts are those of a refresh from both files; so are their bytes."""
    header, *rows = small_csv.read_text().splitlines()
    for name, some in (
        ("old.csv", [row for row in rows if row < "2017-11"]),
        ("new.csv", [row for row in rows if row >= "2017-11"]),
    ):
        (tmp_path / name).write_text("\n".join([header, *some]) + "\n")
    old, new = tmp_path / "old.csv", tmp_path / "new.csv"
    run_export("train", "--data", old, "--out", tmp_path / "bundle", "--booster", tmp_path / "model.txt")
    flags = ["--bundle", tmp_path / "bundle", "--booster", tmp_path / "model.txt"]
    text = run_export("refresh", *flags, "--data", new, "--out", tmp_path / "added")
    assert f"evidence: 3,000 flights counted, {len(halves[1]):,} before" in text
    run_export("refresh", *flags, "--data", old, "--data", new, "--out", tmp_path / "anew")
    added, anew = (tmp_path / name / "tables" / "evidence.json" for name in ("added", "anew"))
    assert added.read_bytes() == anew.read_bytes()
    assert "evidence: 3,000 flights counted" in run_export("verify", "--bundle", tmp_path / "added")


def test_the_shipped_ones_are_those_of_the_real_flights(real_data: Path) -> None:
    bundle = read(Path(__file__).resolve().parents[4])
    flights = read_flights(real_data)
    assert isinstance(bundle.evidence, Evidence)
    for table in bundle.tables:
        assert bundle.evidence.tables[table.name].counts == by_hand(flights, table.key)
    assert bundle.evidence.tables["historical_delay_ratio_OPERA_SIGLADES_hora"].counts["JetSmart SPA|Lima|14"] == (6, 4)


def test_own_tables_are_counted_where_their_flights_are_given(
    small_bundle: Any, small_csv: Path, tmp_path: Path, run_export: Callable[..., str]
) -> None:
    flags = ["--booster", small_bundle.booster_file, "--tables", small_bundle.folder / "tables", "--out", tmp_path]
    run_export("convert", *flags, "--data", small_csv)
    told = read(tmp_path)
    assert (told.manifest["format"], told.evidence) == (2, read(small_bundle.folder).evidence)
    run_export("convert", *flags)
    told = read(tmp_path)
    assert (told.manifest["format"], told.evidence) == (1, None)
    assert not (tmp_path / "tables" / "evidence.json").exists()
