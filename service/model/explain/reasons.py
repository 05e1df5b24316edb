"""Why a flight has its probability, by what it is: Shapley values of its airline, destination, hour, weekday and date.

What a coalition of inputs is worth is the mean of the probabilities that the model gives to the flights of the data
that share them with this flight, their day unknown. So where nothing is known it is the mean over all flights, and
what an input contributes goes with the counts that are told beside it. Where the data have no such flights:

- a name, or an hour, that they do not have moves log-odds by as much as it does for this flight, whoever else has
  joined; so does the date, as the data do not tell what it goes with;
- inputs that never flew together are worth the mean of those with one less of them.

All that is known together is the model's own probability. What a past day's own record adds is hindsight: it is no
input, joins last, and is told apart. A bundle without counts has averages instead: a table takes the flight's value
once all inputs of its key have joined, and the mean of its values before.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from service.model.bundle import Bundle, Table
from service.model.evidence.counts import Count
from service.model.explain.flown import SHARED, Flown, Group, fly
from service.model.explain.inputs import (
    DATE,
    HOURLY,
    INPUTS,
    UNDATED,
    Coarser,
    blurred,
    counts_alike,
    inputs_of,
    is_record,
    key_of,
    unknown,
)
from service.model.explain.ranges import log_odds
from service.model.explain.shapley import coalitions, shapley_weights
from service.model.explain.tables import WAITING
from service.model.features import compile_row
from service.model.keys import Parts
from service.model.turns import Line

if TYPE_CHECKING:
    from service.model.scorer import Scorer

ROUTE_HOUR = 0b0111
"""The mask of airline, destination and hour."""

FEWER = [(mask, [mask & ~bit for bit in (1, 2, 4, 8) if mask & bit]) for mask in range(2 ** len(SHARED))]
"""Each mask, and those with one input less of it."""

Groups = Sequence[Group | None]
"""Of the data's flights, those that share with a flight what each mask tells."""


class Reasons(NamedTuple):
    """`base` and all `contributions` add up to `before`; what `probability` is beyond that, the day's record adds.

    `counts` are those of each input alone, `everything` those of all flights, `alike` those of this route at this hour:
    None for a date, and without evidence. `records` are the tables that know the flight's day.
    """

    probability: float
    before: float
    base: float
    contributions: dict[str, float]
    counts: dict[str, Count | None]
    everything: Count | None
    alike: Count | None
    records: tuple[Table, ...]


class Reasoner:
    """Of one bundle. The data's flights are looked through when it is first asked.

    `tables_of` each input are those that look at it, records aside; `calendars` tell what was counted on days alike.
    """

    def __init__(self, bundle: Bundle, scorer: "Scorer", line: Line | None = None) -> None:
        """`line` is where explanations wait for their turn."""
        self._scorer, self._evidence = scorer, bundle.evidence
        self.counted = bundle.evidence.tables if bundle.evidence else {}
        self._line = line or Line(WAITING)
        self._flown: Flown | None = None
        last_day = bundle.period.last if bundle.period else None
        records = {table.name for table in bundle.tables if is_record(table, last_day)}
        self.records = tuple(table for table in bundle.tables if table.name in records)
        self._keys = [(table, key_of(table)) for table in self.records]
        self._tables = [unknown(table) if table.name in records else table for table in bundle.tables]
        undated = self._blurred(UNDATED)
        self.inputs = self._used(undated)
        self.tables_of = {each: [table for table in self._tables if each in inputs_of([table])] for each in self.inputs}
        self.calendars = {
            table.name: counts_alike(table, self.counted[table.name])
            for table in self._tables
            if table.key == ("FECHA",) and table.name in self.counted
        }
        self._rows = [compile_row(each) for each in (bundle.tables, self._tables, undated)]
        self._joined = coalitions(len(self.inputs))
        self._weights = shapley_weights(self._joined)
        self._moving = self._joined.astype(np.float64)
        bits = [1 << SHARED.index(each) if each in SHARED else 0 for each in self.inputs]
        self._masks: list[int] = (self._joined @ np.array(bits, dtype=np.int64)).tolist()
        self._shared = [(each, bit) for each, bit in zip(self.inputs, bits, strict=True) if bit]
        self._own = [(each, 1 << INPUTS.index(each)) for each in self.inputs]

    def is_free(self) -> bool:
        """Whether the next flight is explained within this turn of the loop, so soon that nobody could leave before."""
        return not self._line.waiting and (self._flown is not None or not self._evidence)

    async def __call__(self, flight: Parts) -> Reasons:
        """Raises Overloaded."""
        async with self._line.turn(1):
            if self._evidence and not self._flown:
                self._flown = await fly(self._evidence, compile_row(self._blurred(HOURLY)), self._score)
            scored = self._scored(flight)
        return self._reasons(flight, *scored)

    def at_once(self, flight: Parts) -> Reasons | None:
        """None where it has to wait."""
        return self._reasons(flight, *self._scored(flight)) if self.is_free() else None

    def _scored(self, flight: Parts) -> tuple[float, float, float]:
        """The probability, that without the day's record, and that without any date."""
        probability, before, undated = self._score(b"".join(row(flight) for row in self._rows)).tolist()
        return probability, before, undated

    def _reasons(self, flight: Parts, probability: float, before: float, undated: float) -> Reasons:
        groups = self._flown.all_of(flight) if self._flown else None
        worth = self._by_flights(groups, undated, before) if groups else self._by_averages(flight)
        worth[-1] = before
        return Reasons(
            probability,
            before,
            float(worth[0]),
            dict(zip(self.inputs, (self._weights @ worth).tolist(), strict=True)),
            {each: _count(groups, mask) for each, mask in self._own},
            _count(groups, 0),
            _count(groups, ROUTE_HOUR),
            tuple(table for table, key in self._keys if key(flight) in table.values),
        )

    def _score(self, rows: bytes) -> NDArray[np.float64]:
        features = np.frombuffer(rows, dtype=np.float32).reshape(-1, len(self._tables))
        return self._scorer.score(features).astype(np.float64)

    def _used(self, undated: Sequence[Table]) -> tuple[str, ...]:
        """What the model looks at, beyond records: what no table looks at contributes nothing, and is left out."""
        used = {*inputs_of(undated), *({DATE} & set(inputs_of(self._tables)))}
        return tuple(each for each in INPUTS if each in used)

    def _blurred(self, coarser: Coarser) -> list[Table]:
        return [blurred(table, self.counted.get(table.name), coarser) for table in self._tables]

    def _by_flights(self, groups: Groups, undated: float, before: float) -> NDArray[np.float64]:
        """What each coalition is worth: [2**inputs]. `undated` is the model's probability where no date is known."""
        together = sum([bit for _, bit in self._shared if groups[bit]])
        alone = [each for each, bit in self._shared if not groups[bit]]
        odds, without_date = _odds(groups, together), log_odds(undated)
        moves = {DATE: log_odds(before) - without_date}
        if alone:
            moves |= dict.fromkeys(alone, (without_date - odds[together]) / len(alone))
        else:
            odds[together] = without_date
        worth = np.array([odds[mask & together] for mask in self._masks])
        moved = np.array([moves.get(each, 0.0) for each in self.inputs])
        return np.asarray(1 / (1 + np.exp(-(worth + self._moving @ moved))))

    def _by_averages(self, flight: Parts) -> NDArray[np.float64]:
        """The same where nobody counted flights."""
        row = np.frombuffer(self._rows[1](flight), dtype=np.float32)
        averages = np.array([table.average for table in self._tables], dtype=np.float32)
        needs = np.array(
            [[each in inputs_of([table]) for each in self.inputs] for table in self._tables], dtype=np.bool_
        )
        ready = ~(needs[None] & ~self._joined[:, None]).any(axis=2)  # [2**inputs, tables]
        return self._score(np.where(ready, row, averages).tobytes())


def _odds(groups: Groups, known: int) -> list[float]:
    """By mask, the log-odds of the flights that share what each part of the mask `known` tells; 0 for other masks."""
    means, odds = [0.0] * len(groups), [0.0] * len(groups)
    for mask, fewer in FEWER:
        if mask & ~known:
            continue
        group = groups[mask]
        if group:
            means[mask], odds[mask] = group[0], group[1]
        else:
            means[mask] = sum([means[each] for each in fewer]) / len(fewer)
            odds[mask] = log_odds(means[mask])
    return odds


def _count(groups: Groups | None, mask: int) -> Count | None:
    if groups is None or mask >= len(groups):
        return None
    group = groups[mask]
    return Count(*group[2:]) if group else Count(0, 0)
