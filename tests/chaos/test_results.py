"""The page shows what the results hold."""

from dataclasses import fields
from re import findall

import pytest

from service.settings import Settings
from tests.chaos.rig.results import FULL, PAGE, RESULTS, fill, read, render


@pytest.mark.skipif(FULL, reason="the table is made of this run's results once it has ended")
def test_the_table_is_the_rendered_one() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page == fill(page, render(read(RESULTS))), "python -m tests.chaos.rig.results renders it"


def test_nothing_was_lost_where_nothing_may_be() -> None:
    assert {done for done, row in read(RESULTS)["rows"].items() if row["lost"]} == set()


def test_the_handbook_names_flags_that_there_are() -> None:
    of_others = {"stop-timeout", "booster", "file", "no-deps", "disable-pip", "requirement"}
    named = set(findall(r"`--([a-z][a-z-]+)", PAGE.read_text(encoding="utf-8")))
    assert named - of_others <= {field.name.replace("_", "-") for field in fields(Settings)}
