"""What the service logs, as lines for people or as JSON objects, and the line that tells of a request.

Nothing that a client sent can begin a line of its own, and no header is logged but a request's id and its trace.
"""

import json
import logging
import os
import re
from copy import deepcopy
from datetime import UTC, datetime
from time import monotonic, perf_counter_ns
from typing import Any

import orjson
from uvicorn.config import LOGGING_CONFIG
from uvicorn.logging import DefaultFormatter

from service.api.callers.ids import Named

FORMATS = ("text", "json")
MAX_PATH = 256

events = logging.getLogger("uvicorn.error")
access = logging.getLogger("atraso.access")

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_OWN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "color_message", "taskName"}
"""What every record has; whatever else it has came as `extra`."""


def one_line(text: str) -> str:
    """The text with its control characters spelled out: `\\x0a` for a line feed."""
    return _CONTROL.sub(lambda found: f"\\x{ord(found.group()):02x}", text)


class Text(DefaultFormatter):
    """uvicorn's lines; what belongs to a line but does not fit on it is indented."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        record.message = one_line(record.message.rstrip("\n"))
        if "color_message" in record.__dict__:
            record.__dict__["color_message"] = one_line(str(record.__dict__["color_message"]).rstrip("\n"))
        return super().formatMessage(record)

    def formatException(self, exc_info: Any) -> str:
        return "\n".join("    " + line for line in super().formatException(exc_info).splitlines())


class Json(logging.Formatter):
    """One object a line: time, level, logger, pid, message, and whatever was given as `extra`."""

    def format(self, record: logging.LogRecord) -> str:
        told = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")[:-6] + "Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "pid": os.getpid(),
            "message": record.getMessage().rstrip("\n"),
        }
        told |= {name: value for name, value in record.__dict__.items() if name not in _OWN}
        if record.exc_info:
            told["exception"] = self.formatException(record.exc_info)
        try:
            return orjson.dumps(told, default=str, option=orjson.OPT_NON_STR_KEYS).decode()
        except TypeError:  # a file's name that is no text
            return json.dumps(told, default=str)


def config(form: str, level: str) -> dict[str, Any]:
    """uvicorn's logging configuration, with our formatters and our access log."""
    made = deepcopy(LOGGING_CONFIG)
    kind = {"text": Text, "json": Json}[form]
    made["formatters"]["default"] = {"()": kind, "fmt": "%(levelprefix)s %(message)s", "use_colors": None}
    if form == "json":
        made["formatters"]["default"] = {"()": kind}
    made["handlers"]["access"]["formatter"] = "default"
    made["loggers"][access.name] = {"handlers": ["access"], "level": level.upper(), "propagate": False}
    return made


class Budget:
    """So many lines a second, and how many more there would have been."""

    def __init__(self, lines: int) -> None:
        self._lines = self._left = lines
        self._second = 0
        self._more = 0

    def take(self) -> bool:
        second = int(monotonic())
        if second != self._second:
            if self._more:
                told = {"event": "requests_refused", "count": self._more}
                events.warning("%(count)d more requests were answered 503 within a second", told, extra=told)
            self._second, self._left, self._more = second, self._lines, 0
        self._left -= 1
        self._more += self._left < 0
        return self._left >= 0


shed = Budget(100)
"""Of load that is shed: a line for each would cost more than an answer."""


def request(
    method: str, path: str, status: int, started: int, request_id: bytes, trace: bytes, client: Any, *, listed: bool
) -> None:
    """A line for a request that failed, and one in the access log where it is `listed` there."""
    level = logging.DEBUG if status < 500 else logging.WARNING if status == 503 else logging.ERROR
    failed = status >= 400 and events.isEnabledFor(level) and (status != 503 or shed.take())
    if not failed and not listed:
        return
    milliseconds = (perf_counter_ns() - started) / 1e6
    told = {
        "request_id": request_id.decode(),
        "method": one_line(method),
        "path": one_line(path[:MAX_PATH]),
        "status": status,
        "duration_ms": round(milliseconds, 3),
        "client": f"{client[0]}:{client[1]}" if client else "",
    }
    if trace:
        told["traceparent"] = trace.decode()
    line = '%(client)s "%(method)s %(path)s" %(status)d in %(duration_ms).3f ms, id %(request_id)s'
    line += ", trace %(traceparent)s" if trace else ""
    if failed:
        events.log(level, line, told, extra={"event": "request_failed", **told})
    if listed:
        access.info(line, told, extra={"event": "request", **told})


class LaneLog:
    """The lines of the fast lane's requests; those answered well where they are `listed`."""

    def __init__(self, *, listed: bool) -> None:
        self._listed = listed

    def __call__(self, client: Any, path: str, status: int, started: int, named: Named, request_id: bytes) -> None:
        request("POST", path, status, started, request_id, named.trace, client, listed=self._listed)
