"""Whatever keeps a request from its reply -> a status, a `detail` and headers. The one place that knows which."""

from typing import Any, TypeAlias

import orjson

from service.model.errors import Overloaded, TooManyFeatures

Location: TypeAlias = tuple[str | int, ...]
Problem: TypeAlias = dict[str, Any]


class HttpError(Exception):
    """A request that is answered with an error: its status, its `detail`, and headers of its own."""

    status = 500

    def __init__(self, detail: str | list[Problem], headers: dict[str, str] | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.headers = headers or {}


class InvalidRequest(HttpError):
    """The body is not what the contract asks for; `detail` lists every problem."""

    status = 422
    detail: list[Problem]


class BodyTooLarge(HttpError):
    status = 413

    def __init__(self, limit: int) -> None:
        super().__init__(f"The request body is larger than {limit} bytes")


class Busy(HttpError):
    status = 503

    def __init__(self) -> None:
        super().__init__("Too many flights are waiting for the model, try again", {"retry-after": "1"})


class OutOfMemory(HttpError):
    status = 503

    def __init__(self) -> None:
        super().__init__("There is not enough memory for this request now, try again", {"retry-after": "1"})


class NotExplained(HttpError):
    status = 501

    def __init__(self, error: TooManyFeatures) -> None:
        super().__init__(f"This model has {error.count} features; up to {error.most} can be explained exactly")


def refusal(error: Exception) -> HttpError:
    """How `error` is told to a client: what nobody foresaw as 500, and nothing more of it."""
    match error:
        case HttpError():
            return error
        case Overloaded():
            return Busy()
        case MemoryError():
            return OutOfMemory()
        case TooManyFeatures():
            return NotExplained(error)
    return HttpError("Internal Server Error")


def error_body(detail: str | list[Problem]) -> bytes:
    return orjson.dumps({"detail": detail})
