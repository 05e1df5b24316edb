"""A binary LightGBM model as data: what its trees ask and what they add up to. How it is written is not known here."""

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Split:
    """What an inner node asks of a feature; `left` and `right` are inner nodes, or leaf n as ~n.

    A category goes left where it is one of `members`; a number where it is at most `threshold`.
    """

    feature: int
    threshold: float
    decision: int
    members: frozenset[int] | None
    left: int
    right: int

    @property
    def default_left(self) -> bool:
        return bool(self.decision & 2)

    @property
    def missing(self) -> int:
        """What counts as missing: one of `NONE`, `ZERO` and `NAN`."""
        return self.decision >> 2 & 3


NONE, ZERO, NAN = range(3)


@dataclass(frozen=True)
class Tree:
    """The root is splits[0]; a tree without a split is its one leaf."""

    splits: list[Split]
    leaves: list[float]


@dataclass(frozen=True)
class Forest:
    """The log odds of a delay are the sum of the leaves' values, times `sigmoid`; of an average, by their number."""

    names: list[str]
    trees: list[Tree]
    objective: str
    sigmoid: float
    average: bool

    @property
    def scale(self) -> float:
        """What each leaf's value is multiplied by before all are added."""
        return self.sigmoid / len(self.trees) if self.average else self.sigmoid

    def splits(self) -> Iterator[Split]:
        for tree in self.trees:
            yield from tree.splits
