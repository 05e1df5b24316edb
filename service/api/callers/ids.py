"""A request's headers -> the id that it goes by, its own or one made here, and the trace that it belongs to."""

import re
from collections.abc import Iterable
from itertools import count
from secrets import token_hex
from typing import NamedTuple

HEADER = "x-request-id"
SCOPE = "atraso.request_id"
"""Where a request's scope holds its id, bytes."""

_ID = re.compile(rb"[!#-&(-\[\]-~]{1,128}")
"""Visible ASCII without quotes and backslashes, so that an id is the same in every log."""

_TRACE = re.compile(rb"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")


class Named(NamedTuple):
    """How a request names itself; empty where it does not, or not well."""

    id: bytes = b""
    trace: bytes = b""

    def __bool__(self) -> bool:
        return bool(self.id or self.trace)


UNNAMED = Named()


def named(headers: Iterable[tuple[bytes, bytes]]) -> Named:
    """The one `x-request-id` and the one `traceparent` of the headers, whose names are in lower case."""
    ids, traces = [], []
    for name, value in headers:
        if name == b"x-request-id":
            ids.append(value)
        elif name == b"traceparent":
            traces.append(value)
    if not ids and not traces:
        return UNNAMED
    return Named(_only(ids, _ID), _only(traces, _TRACE))


def _only(values: list[bytes], form: re.Pattern[bytes]) -> bytes:
    return values[0] if len(values) == 1 and form.fullmatch(values[0]) else b""


class Ids:
    """Makes ids: a random prefix of this process, and a number."""

    def __init__(self) -> None:
        self._form = token_hex(4).encode() + b"-%x"
        self._line = f"{HEADER}: ".encode() + self._form + b"\r\n"
        self._numbers = count(1)

    def new(self) -> bytes:
        return self._form % next(self._numbers)

    def line(self) -> bytes:
        """A new id as a reply's header line."""
        return self._line % next(self._numbers)


def line_of(request_id: bytes) -> bytes:
    return b"x-request-id: %b\r\n" % request_id


def id_of(line: bytes) -> bytes:
    """The id in a header line that was made here."""
    return line[len(HEADER) + 2 : -2]
