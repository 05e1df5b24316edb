"""What the recipe `effects` adds up: parts of a flight, each with its log-odds. It fits nothing."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Effect:
    """What flights with the same key have in common, in log-odds; `scale` is its column's in the ridge regression."""

    key: tuple[str, ...]
    scale: float = 1.0

    @property
    def name(self) -> str:
        return f"effect_{'_'.join(self.key).replace(':', '')}"

    @property
    def dated(self) -> bool:
        """Whether it knows past days only: those are fitted behind the others, with these as the offset."""
        return "FECHA" in self.key


@dataclass(frozen=True)
class KindOfDay:
    """The same of a date's run of days off, for twenty years ahead; the log-odds of a usual flight are in it."""

    scale: float = 1.0
    key = ("FECHA",)
    name = "effect_dias_libres"
    dated = False


@dataclass(frozen=True)
class Effects:
    """A recipe: what is added up, the ridge's `strength` (C), and the half-life of flights in months."""

    name: str
    features: tuple[Effect | KindOfDay, ...]
    strength: float = 0.2
    half_life: float | None = 6.0
    threshold: float = 0.25
