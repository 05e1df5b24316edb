"""Ids, versions and keys: each way takes and tells the same."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.service.server.lane.wire import (
    BODY,
    GET,
    LAST,
    TRACE,
    WAYS,
    WRONG,
    flight,
    in_lane,
    request,
    same,
    statuses,
    talk,
)

IDS: dict[str, tuple[tuple[str, ...], bytes]] = {
    "none": ((), b"made"),
    "its own": (("X-Request-Id: order/66{1}",), b"order/66{1}"),
    "empty": (("X-Request-Id:",), b"made"),
    "longest": ((f"X-Request-Id: {'x' * 128}",), b"x" * 128),
    "too long": ((f"X-Request-Id: {'x' * 129}",), b"made"),
    "with a quote": (('X-Request-Id: a"b',), b"made"),
    "with a space": (("X-Request-Id: a b",), b"made"),
    "with a tab": (("X-Request-Id: a\tb",), b"made"),
    "not ASCII": (("X-Request-Id: ñ",), b"made"),
    "two": (("X-Request-Id: a", "X-Request-Id: b"), b"made"),
    "a trace": ((f"Traceparent: {TRACE}",), b"made"),
    "both": ((f"Traceparent: {TRACE}", "X-Request-Id: abc"), b"abc"),
}


@pytest.mark.parametrize(("headers", "expected"), IDS.values(), ids=IDS)
def test_every_reply_tells_its_id(ways: tuple[Any, ...], headers: tuple[str, ...], expected: bytes) -> None:
    """On both ways, and of a request that is refused too."""
    get = request(b"", *headers, method="GET", path="/v2/health/live", length=False)
    stream = request(BODY, *headers) + request(flight("Nueva"), *headers) + request(b"x", *headers) + get
    before = [in_lane(server) for server in ways[:2]]
    replies = same(ways, stream + LAST)
    assert statuses(replies) == [200, 200, 422, 200, 200]
    for _, told, _ in replies[:4]:
        assert b"x-request-id: " + expected in told
    assert [in_lane(server) for server in ways[:2]] == [count + 2 for count in before]  # a head of its own stays in it


def test_ids_that_are_made_differ(ways: tuple[Any, ...]) -> None:
    for server in ways:
        stream = talk(server.port, [request() * 20 + GET * 20 + LAST])
        assert len(set(re.findall(rb"x-request-id: (\S+)", stream))) == 41


def test_what_the_model_made_tells_its_version_and_every_reply_that_it_is_no_page(ways: tuple[Any, ...]) -> None:
    stream = request() + request(b"x") + request(b"[]", path="/predict_delay_probabilities") + GET + WRONG
    replies = same(ways, stream)
    assert statuses(replies) == [200, 422, 200, 200, 400]
    told = [dict(header.split(b": ", 1) for header in headers) for _, headers, _ in replies]
    assert {each[b"x-content-type-options"] for each in told} == {b"nosniff"}
    version = told[0][b"x-model-version"]
    assert re.fullmatch(rb"[0-9a-f]{12}", version)
    assert [each.get(b"x-model-version") for each in told] == [version, None, version, None, None]


@pytest.fixture(scope="module")
def keyed(servers: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, ...]:
    """The same, for those who have a key."""
    file = tmp_path_factory.mktemp("keys") / "keys"
    file.write_text("# old\nfirst-key\n\nsecond-key\n")
    shared = ("--workers", 1, "--api-keys-file", file)
    env = {"ATRASO_API_KEYS": "third-key,fourth-key"}
    return tuple(servers(*shared, *flags, env=env) for flags in WAYS)


KEYED: dict[str, tuple[tuple[str, ...], int]] = {
    "none": ((), 401),
    "first": (("X-Api-Key: first-key",), 200),
    "second": (("x-api-key:second-key ",), 200),
    "of the environment": (("X-Api-Key: fourth-key",), 200),
    "bearer": (("Authorization: Bearer first-key",), 200),
    "bearer in lower case": (("Authorization: bearer third-key",), 200),
    "basic": (("Authorization: Basic first-key",), 401),
    "wrong": (("X-Api-Key: first-kez",), 401),
    "a part": (("X-Api-Key: first",), 401),
    "longer": (("X-Api-Key: first-key-",), 401),
    "other case": (("X-Api-Key: First-Key",), 401),
    "all in one": (("X-Api-Key: first-key,second-key",), 401),
    "comment": (("X-Api-Key: # old",), 401),
    "empty": (("X-Api-Key:",), 401),
    "not ASCII": (("X-Api-Key: ñ",), 401),
    "wrong and right": (("X-Api-Key: wrong", "Authorization: Bearer first-key"), 200),
    "right, and an id": (("X-Api-Key: first-key", "X-Request-Id: a"), 200),
    "wrong, and an id": (("X-Api-Key: wrong", "X-Request-Id: a"), 401),
}


@pytest.mark.parametrize(("headers", "status"), KEYED.values(), ids=KEYED)
def test_who_may_ask(keyed: tuple[Any, ...], headers: tuple[str, ...], status: int) -> None:
    before = [in_lane(server, "first-key") for server in keyed[:2]]
    assert statuses(same(keyed, request(BODY, *headers) * 2 + LAST)) == [status, status, 200]
    more = 2 if status == 200 else 0
    assert [in_lane(server, "first-key") for server in keyed[:2]] == [count + more for count in before]


def test_a_remembered_head_lets_no_other_in(keyed: tuple[Any, ...]) -> None:
    good, bad = (request(BODY, f"X-Api-Key: {key}") for key in ("first-key", "wrong-key"))
    replies = same(keyed, good * 2 + bad + good + bad + request() + LAST)
    assert statuses(replies) == [200, 200, 401, 200, 401, 401, 200]
