"""Which column of a file is which, by what people call them: as the page has it, `service/web/flights/columns.js`."""

import re
from collections.abc import Mapping, Sequence
from unicodedata import category, normalize

from export.errors import ExportError

FIELDS = ("OPERA", "SIGLADES", "FECHA_PROGRAMADA")

OWN = {"OPERA": ("opera",), "SIGLADES": ("siglades",), "FECHA_PROGRAMADA": ("fecha programada", "fecha i")}
"""The API's names and the real data's, folded; the first that is there is taken before any below."""

ALSO = {
    "OPERA": (
        "aerolinea", "aerolineas", "linea aerea", "nombre aerolinea", "nombre de la aerolinea", "operador", "operadora",
        "operador aereo", "compania", "compania aerea", "cia", "cia aerea", "empresa", "airline", "airline name",
        "carrier", "operator",
    ),
    "SIGLADES": (
        "destino", "ciudad", "ciudad destino", "ciudad de destino", "aeropuerto destino", "aeropuerto de destino",
        "nombre destino", "hacia", "destination", "destination city", "dest", "to",
    ),
    "FECHA_PROGRAMADA": (
        "salida", "salida programada", "fecha", "fecha salida", "fecha de salida", "fecha y hora", "fecha hora",
        "hora programada", "fecha y hora de salida", "fecha hora salida", "fecha y hora programada",
        "fecha salida programada", "fecha de salida programada", "fecha i", "programada", "programado", "itinerario",
        "std", "departure", "scheduled departure", "departure time", "scheduled time", "scheduled", "datetime",
    ),
}  # fmt: skip
"""What people call them."""

SEPARATORS = (",", ";", "\t", "|")


def fold(name: str) -> str:
    """Small letters, no accents, one space for whatever is neither letter nor digit."""
    letters = "".join(each for each in normalize("NFD", name) if not category(each).startswith("M"))
    return re.sub(r"[\W_]+", " ", letters.lower()).strip()


def candidates(names: Sequence[str], field: str) -> list[int]:
    """The places that a field may have."""
    folded = [fold(name) for name in names]
    for some in (*((own,) for own in OWN[field]), ALSO[field]):
        if places := [place for place, name in enumerate(folded) if name in some]:
            return places
    return []


def known(names: Sequence[str]) -> int:
    """How many of the fields a first line names."""
    return sum(bool(candidates(names, field)) for field in FIELDS)


def find(where: str, names: Sequence[str], asked: Mapping[str, str] | None = None) -> tuple[int, int, int]:
    """The places of FIELDS; `asked` holds columns that somebody named. Raises ExportError, `where` is the file."""
    opera, siglades, when = (_find(where, names, field, (asked or {}).get(field)) for field in FIELDS)
    if len({opera, siglades, when}) < len(FIELDS):
        raise ExportError(f"{where}: one column cannot be two of {', '.join(FIELDS)}")
    return opera, siglades, when


def _find(where: str, names: Sequence[str], field: str, asked: str | None) -> int:
    if asked is None:
        places = candidates(names, field)
    else:
        places = [place for place, name in enumerate(names) if name == asked] or [
            place for place, name in enumerate(names) if fold(name) == fold(asked)
        ]
    if len(places) == 1:
        return places[0]
    columns = ", ".join(names)
    if places:
        several = ", ".join(names[place] for place in places)
        raise ExportError(f"{where}: several columns may be {field}: {several}; leave one, or name it")
    wanted = f"column {asked!r}" if asked else f"column that is {field}"
    raise ExportError(
        f"{where}: there is no {wanted}; there are {columns if len(columns) < 500 else columns[:500] + '…'}"
    )
