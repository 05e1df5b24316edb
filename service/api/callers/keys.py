"""API keys, from a file and the environment -> whether a request's headers hold one of them.

A key is never compared itself, nor kept: only its digest is, with all digests, in constant time.
"""

import hmac
import re
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path

from service.api.errors import HttpError
from service.api.routing.paths import REPORT

VARIABLE = "ATRASO_API_KEYS"
"""Where the environment holds keys: a command line can be read by everybody on the machine."""

OPEN = frozenset({"/v2/health/live", "/v2/health/ready", "", "/docs", "/openapi.json", "/favicon.ico"})
OPEN_UNDER = ("/web/", REPORT)
"""Health, which probes ask without a key; and the pages, which browsers ask so. What a page shows needs a key.

A slash at the end changes nothing: with one more or without it, a path leads to the same."""

METRICS = "/metrics"

_SENT = re.compile(r"[!-~]+")


class KeysError(Exception):
    """No keys could be had where some were asked for. Its text never holds one."""


class Unauthorized(HttpError):
    """One text for all: which part was wrong is nobody's business."""

    status = 401

    def __init__(self) -> None:
        super().__init__("A valid API key is needed", {"www-authenticate": "Bearer"})


class Keys:
    def __init__(self, keys: Iterable[str]) -> None:
        self.digests = tuple({sha256(key.encode()).digest() for key in keys})

    def __len__(self) -> int:
        return len(self.digests)

    def allow(self, headers: Iterable[tuple[bytes, bytes]]) -> bool:
        """Whether `x-api-key` or `authorization: Bearer` holds a key; names are in lower case."""
        allowed = False
        for given in _given(headers):
            digest = sha256(given).digest()
            for known in self.digests:
                allowed |= hmac.compare_digest(digest, known)
        return allowed


def _given(headers: Iterable[tuple[bytes, bytes]]) -> list[bytes]:
    given = []
    for name, value in headers:
        if name == b"x-api-key":
            given.append(value.strip())
        elif name == b"authorization" and value[:7].lower() == b"bearer ":
            given.append(value[7:].strip())
    return given


def is_open(path: str, *, metrics: bool) -> bool:
    """Whether everybody may ask for `path`."""
    bare = path.rstrip("/")
    return bare in OPEN or f"{bare}/".startswith(OPEN_UNDER) or (metrics and bare == METRICS)


def read(file: Path | None, variable: str | None) -> Keys | None:
    """The keys of the file and of the variable's text together; None where there is neither. Raises KeysError."""
    if file is None and variable is None:
        return None
    keys = [] if file is None else _listed(str(file), _text(file).splitlines())
    if variable is not None:
        keys += _listed(VARIABLE, re.split(r"[,\n]", variable))
    return Keys(keys)


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise KeysError(f"{file}: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise KeysError(f"{file}: it is not UTF-8 text") from None


def _listed(where: str, lines: Iterable[str]) -> list[str]:
    keys = []
    for number, line in enumerate(lines, 1):
        key = line.strip()
        if not key or key.startswith("#"):
            continue
        if not _SENT.fullmatch(key):
            raise KeysError(f"{where}, line {number}: a key is made of visible ASCII characters, without spaces")
        keys.append(key)
    if not keys:
        raise KeysError(f"{where}: it holds no API key, so nobody could ask; leave it out to let everybody in")
    return keys
