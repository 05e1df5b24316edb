"""A request that asks for another protocol is one like any other: its body is read as it is framed, on both paths."""

import re
import shutil
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from service.api.contract import EXAMPLE
from service.api.routing.paths import HOT

BODY = b'{"OPERA":"Sky Airline","SIGLADES":"Calama","FECHA_PROGRAMADA":"2017-11-27 13:00:00"}'
H2C = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA\r\n"
WEBSOCKET = b"Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: eA==\r\n"
UNKNOWN = b"Upgrade: sneaky/1\r\nConnection: upgrade\r\n"
LAST = b"GET /v2/health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"

JAVA = """
import java.net.URI;
import java.net.http.*;

public class Ask {
    public static void main(String[] args) throws Exception {
        var client = HttpClient.newHttpClient();
        for (int i = 0; i < 3; i++) {
            var body = HttpRequest.BodyPublishers.ofString(args[1]);
            var request = HttpRequest.newBuilder(URI.create(args[0])).POST(body).build();
            System.out.println(client.send(request, HttpResponse.BodyHandlers.ofString()).statusCode());
        }
    }
}
"""


@pytest.fixture(scope="module", params=[(), ("--no-fast-lane",)], ids=["lane", "plain"])
def path(request: pytest.FixtureRequest, servers: Callable[..., Any]) -> Any:
    return servers("--workers", 1, *request.param)


def statuses(port: int, pieces: list[bytes]) -> list[int]:
    """What the pieces are answered with; each is sent once the server had time to read the one before."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for piece in pieces:
            connection.sendall(piece)
            with socket.create_connection(("127.0.0.1", port)) as other:  # one worker: it reads in order
                other.sendall(LAST)
                other.recv(4096)
        received = b""
        while data := connection.recv(65536):
            received += data
    return [*map(int, re.findall(rb"HTTP/1\.1 (\d{3})", received))]


def post(upgrade: bytes, body: bytes = BODY) -> tuple[bytes, bytes]:
    """Head and body."""
    length = b"Content-Length: %d\r\n" % len(body)
    return b"POST %b HTTP/1.1\r\nHost: x\r\n%b%b\r\n" % (HOT.encode(), length, upgrade), body


@pytest.mark.parametrize("upgrade", [H2C, WEBSOCKET, UNKNOWN], ids=["h2c", "websocket", "unknown"])
def test_an_upgrade_is_ignored_and_the_body_read(path: Any, upgrade: bytes) -> None:
    head, body = post(upgrade)
    chunked = head.replace(b"Content-Length: %d" % len(body), b"Transfer-Encoding: chunked")
    assert statuses(path.port, [head + body + LAST]) == [200, 200]
    assert statuses(path.port, [head, body, LAST]) == [200, 200]
    assert statuses(path.port, [head[:40], head[40:] + body[:5], body[5:] + LAST]) == [200, 200]
    assert statuses(path.port, [(head + body) * 3 + LAST]) == [200, 200, 200, 200]
    assert statuses(path.port, [chunked + b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body) + LAST]) == [200, 200]
    assert statuses(path.port, [b"GET /v2 HTTP/1.1\r\nHost: x\r\n" + upgrade + b"\r\n" + LAST]) == [200, 200]


def test_a_body_that_looks_like_a_request_is_none(path: Any) -> None:
    head, body = post(UNKNOWN, b"GET /v2 HTTP/1.1\r\nHost: x\r\n")
    assert statuses(path.port, [head, body, LAST]) == [422, 200]


def test_a_tunnel_is_refused(path: Any) -> None:
    assert statuses(path.port, [b"CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n" + LAST]) == [400]


def test_javas_client(path: Any, need: Callable[[object, str], None], tmp_path: Path) -> None:
    """It asks for HTTP/2 with each first request, which has a body."""
    need(shutil.which("java"), "java is not installed: apt-get install default-jdk-headless")
    source = tmp_path / "Ask.java"
    source.write_text(JAVA)
    command = ["java", str(source), path.url + HOT, BODY.decode()]
    asked = subprocess.run(command, capture_output=True, text=True, check=True)
    assert asked.stdout.split() == ["200"] * 3


def test_curl_that_asks_for_http2(path: Any, need: Callable[[object, str], None]) -> None:
    need(shutil.which("curl"), "curl is not installed: apt-get install curl")
    command = ["curl", "--silent", "--http2", "--data", BODY.decode(), path.url + HOT]
    reply = subprocess.run(command, capture_output=True, check=True).stdout
    assert reply == path.post(HOT, EXAMPLE).content
