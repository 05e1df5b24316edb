"""`?detail=1`, asked of real servers."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from service.api.contract import EXAMPLE
from service.api.routing.paths import HOT

MANY = "/predict_delay_probabilities"
NEW = {**EXAMPLE, "OPERA": "Nueva"}


@pytest.fixture(scope="module", params=[[], ["--no-fast-lane"]], ids=["lane", "plain"])
def either(request: Any, servers: Callable[..., Any]) -> Any:
    return servers("--workers", 1, *request.param)


def test_a_batch_tells_which_flights_are_unknown(server: Any) -> None:
    flights = [EXAMPLE, NEW, {**NEW, "SIGLADES": "Otra"}] * 100
    reply = server.post(MANY + "?detail=1", flights)
    assert [each["desconocidos"] for each in reply.json()] == [[], ["OPERA"], ["OPERA", "SIGLADES"]] * 100
    assert reply.headers["x-unknown"] == "OPERA, SIGLADES"


def test_what_is_rounded_is_told_beside_it(server: Any, golden: list[dict[str, Any]]) -> None:
    plain, detailed = (server.post(MANY + query, golden).json() for query in ("", "?detail=1"))
    for before, after, vector in zip(plain, detailed, golden, strict=True):
        assert before == {name: after[name] for name in before}
        assert abs(after["probabilidad"] - vector["delay_probability"]) < 1e-6
        word = "Alta" if after["probabilidad"] > after["umbral"] else "Baja"
        assert after["clase"] == [f"{word} probabilidad de atraso"]
    words = {tuple(each["clase"]) for each in detailed if each["delay_probability"] == 0.25}
    assert len(words) == 2  # 0.25 is either, to who sees no more than that


def test_one_flight_is_told_as_in_a_batch(either: Any) -> None:
    (expected,) = either.post(MANY + "?detail=1", [NEW]).json()
    reply = either.post(HOT + "?detail=1", NEW)
    assert reply.json() == expected
    assert reply.headers["x-unknown"] == "OPERA"
    assert list(either.post(HOT, NEW).json()) == ["delay_probability", "clase"]


@pytest.mark.parametrize(
    "query", ["?detail=0", "?detail=false", "?other=1", "?", "?detail=1&detail=0", "?%FF", "?" + "a=1&" * 500]
)
def test_who_does_not_ask_gets_the_plain_reply(either: Any, query: str) -> None:
    for path, body in ((HOT, NEW), (MANY, [NEW])):
        assert either.post(path + query, body).content == either.post(path, body).content


@pytest.mark.parametrize("query", ["?detail=x", "?detail", "?detail=%FF", "?detail=1&detail=si"])
def test_another_word_is_refused(either: Any, query: str) -> None:
    for path, body in ((HOT, NEW), (MANY, [NEW])):
        reply = either.post(path + query, body)
        assert reply.status_code == 422
        (problem,) = reply.json()["detail"]
        assert (problem["type"], problem["loc"]) == ("bool_parsing", ["query", "detail"])


def test_it_is_kept_and_counted_as_others_are(servers: Callable[..., Any], tmp_path: Any, wait_until: Any) -> None:
    server = servers("--workers", 1, "--log-predictions", tmp_path)
    server.post(HOT + "?detail=1", EXAMPLE)
    server.post(MANY + "?detail=1", [EXAMPLE])
    assert f'route="{HOT}",status="200"}} 1' in httpx.get(server.url + "/metrics").text

    def kept() -> list[str]:
        lines = [line for path in tmp_path.iterdir() for line in path.read_text().splitlines()[1:]]
        return lines if len(lines) == 2 else []

    first, second = wait_until(kept, server)
    assert first.split(",")[:4] == second.split(",")[:4]
