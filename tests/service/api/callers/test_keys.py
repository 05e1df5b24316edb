"""Which keys are read, and who is let in by them; `lane/test_names.py` in `tests/service/server/` asks on both ways."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from service.api.callers.keys import Keys, KeysError, read

ROOT = Path(__file__).resolve().parents[4]
KEY = "a-key-for-tests"


def test_several_keys_a_file_and_a_variable(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    file.write_text("# for the airline\n one \ntwo\n\n")
    keys = read(file, "three, four\nfive")
    assert keys is not None
    assert len(keys) == 5
    for key in (b"one", b"two", b"three", b"four", b"five"):
        assert keys.allow([(b"host", b"x"), (b"x-api-key", key)])
        assert keys.allow([(b"authorization", b"BEARER " + key)])
    assert read(None, None) is None


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [(b"x-api-key", b"")],
        [(b"x-api-key", b"\xf1\xff")],
        [(b"authorization", b"one")],
        [(b"authorization", b"Bearer")],
        [(b"authorization", b"Bearerone")],
        [(b"authorization", b"Basic one")],
        [(b"cookie", b"x-api-key=one")],
        [(b"x-api-key", b"x" * 60_000)],
    ],
    ids=str,
)
def test_what_is_no_key(headers: list[tuple[bytes, bytes]]) -> None:
    assert not Keys(["one"]).allow(headers)


def unreadable(at: Path) -> None:
    at.mkdir()


PROBLEMS: dict[str, tuple[Callable[[Path], Any], str]] = {
    "missing": (lambda at: None, "No such file or directory"),
    "a folder": (unreadable, "Is a directory"),
    "empty": (lambda at: at.write_text(""), "it holds no API key"),
    "comments": (lambda at: at.write_text("# nobody\n\n"), "it holds no API key"),
    "spaces": (lambda at: at.write_text("one\ntwo three\n"), "line 2: a key is made of visible ASCII"),
    "not ASCII": (lambda at: at.write_text("contraseña\n"), "line 1: a key is made of visible ASCII"),
    "binary": (lambda at: at.write_bytes(b"\xff\xfe\x00"), "it is not UTF-8 text"),
}


@pytest.mark.parametrize(("write", "sentence"), PROBLEMS.values(), ids=PROBLEMS)
def test_a_file_without_keys_is_told(tmp_path: Path, write: Callable[[Path], Any], sentence: str) -> None:
    file = tmp_path / "keys"
    write(file)
    with pytest.raises(KeysError, match=sentence) as told:
        read(file, None)
    assert str(file) in str(told.value)
    assert "contrase" not in str(told.value)


@pytest.mark.parametrize(
    ("flags", "env", "sentence"),
    [
        (["--api-keys-file", "/nowhere/keys"], {}, "atraso: /nowhere/keys: No such file or directory"),
        ([], {"ATRASO_API_KEYS": ""}, "atraso: ATRASO_API_KEYS: it holds no API key"),
        (["--api-keys", KEY], {}, "No such option"),
    ],
)
def test_without_keys_nothing_starts(flags: list[str], env: dict[str, str], sentence: str) -> None:
    command = [sys.executable, "-m", "service", "--port", "0", *flags]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30, env={**os.environ, **env})
    assert ended.returncode != 0
    assert sentence in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.fixture(scope="module")
def closed(servers: Callable[..., Any]) -> Any:
    return servers("--workers", 1, env={"ATRASO_API_KEYS": KEY})


OPEN = ["/v2/health/live", "/v2/health/ready", "/", "/docs", "/openapi.json", "/favicon.ico", "/web/api.js", "/report/"]
CLOSED = [
    *("/flights", "/catalogue", "/model_status", "/metrics", "/v2", "/v2/models/flight_delay", "/nothing"),
    *("/predict_delay_probability", "/predict_delay_probabilities", "/explain_delay_probability"),
    *("/v2/models/flight_delay/infer", "//v2/health/live", "/V2/health/live", "/webs", "/metrics/"),
]


@pytest.mark.parametrize("path", OPEN)
def test_health_and_pages_are_open(closed: Any, path: str) -> None:
    assert httpx.get(closed.url + path).status_code == 200


OTHER_SLASH = ["/v2/health/live/", "/docs/", "/openapi.json/", "/favicon.ico/", "/report"]


@pytest.mark.parametrize("path", OTHER_SLASH)
def test_a_slash_closes_nothing(closed: Any, path: str) -> None:
    """What is open leads there as it does where no keys are."""
    reply = httpx.get(closed.url + path, follow_redirects=False)
    assert reply.status_code == 307
    assert httpx.get(closed.url + path, follow_redirects=True).status_code == 200
    assert httpx.get(closed.url + "/web", follow_redirects=True).status_code == 404  # a folder shows no list


@pytest.mark.parametrize("method", ["GET", "POST", "HEAD", "OPTIONS"])
@pytest.mark.parametrize("path", CLOSED)
def test_all_else_needs_a_key(closed: Any, path: str, method: str) -> None:
    for headers in ({}, {"x-api-key": KEY[:-1]}, {"authorization": f"Basic {KEY}"}):
        reply = httpx.request(method, closed.url + path, headers=headers)
        assert reply.status_code == 401
        assert reply.headers["www-authenticate"] == "Bearer"
        if method != "HEAD":
            name = "error" if path.startswith("/v2") else "detail"
            assert reply.json() == {name: "A valid API key is needed"}
    for headers in ({"x-api-key": KEY}, {"authorization": f"Bearer {KEY}"}):
        assert httpx.request(method, closed.url + path, headers=headers).status_code != 401


def test_the_refused_are_counted_and_no_key_is_logged(closed: Any) -> None:
    httpx.get(closed.url + "/flights", headers={"x-api-key": "a-wrong-one"})
    told = httpx.get(closed.url + "/metrics", headers={"x-api-key": KEY}).text
    assert re.search(r"^atraso_unauthorized_total [1-9]", told, re.M)
    assert re.search(r'^atraso_requests_total\{route="/flights",status="401"\} [1-9]', told, re.M)
    log = closed.log.read_text()
    assert KEY not in log
    assert "a-wrong-one" not in log


def test_metrics_may_be_open(servers: Callable[..., Any]) -> None:
    server = servers("--workers", 1, "--open-metrics", env={"ATRASO_API_KEYS": KEY})
    assert httpx.get(server.url + "/metrics").status_code == 200
    assert httpx.get(server.url + "/flights").status_code == 401
