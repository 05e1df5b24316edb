"""The types of the Rust module; `docs/architecture.md` tells what it is for."""

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

INTERFACE: int

Taken = bytes | tuple[bytes, int, int, int] | None

class Reader:
    PARTS: ClassVar[Sequence[str]]

    def __init__(self, tables: Sequence[tuple[Sequence[str], dict[Any, float], float]], /) -> None: ...
    def row(self, body: bytes, /) -> bytes | None: ...
    def rows(self, body: bytes, limit: int, /) -> tuple[bytearray, list[tuple[int, bytes]]] | None: ...
    def columns(self, opera: list[str], siglades: list[str], when: list[str], /) -> tuple[bytearray, list[int]]: ...

class Queue:
    kept: int

    def __init__(
        self, width: int, cache_size: int, threshold: float, low: Sequence[bytes], high: Sequence[bytes], /
    ) -> None: ...
    def __len__(self) -> int: ...
    def get(self, row: bytes, /) -> bytes | None: ...
    def add(self, row: bytes, answer: Callable[[bytes | Exception], None], /) -> None: ...
    def begin(self, most: int, /) -> bytes: ...
    def settle(self, pairs: bytes, /) -> list[tuple[Callable[[bytes | Exception], None], bytes]]: ...
    def drop(self) -> list[Callable[[bytes | Exception], None]]: ...
    def bodies(self, pairs: bytes, /) -> bytes: ...

class Lane:
    NOT_MINE: ClassVar[int]
    UNFINISHED: ClassVar[int]
    WAITS: ClassVar[int]
    MORE: ClassVar[int]

    def __init__(
        self,
        reader: Reader,
        queue: Queue,
        *,
        request_line: bytes,
        prefix: bytes,
        max_head: int,
        max_headers: int,
        max_body: int,
        max_pending: int,
        keys: Sequence[bytes] | None,
        origins: bool,
        one: bool,
    ) -> None: ...
    def begin_with(self, start: bytes, /) -> None: ...
    def counted(self) -> int: ...
    def take(self, data: bytes, answer: Callable[[bytes | Exception], None], /) -> Taken: ...
