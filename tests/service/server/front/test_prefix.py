"""Behind a real nginx, which ends TLS and puts a path in front, and leaves it on or cuts it off."""

import json
import shutil
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from service.api.contract import EXAMPLE
from service.api.routing.paths import HOT

CONFIG = """
daemon off; pid {folder}/pid; error_log {folder}/error.log; worker_processes 1; {user}
events {{}}
http {{
  access_log off;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  upstream atraso {{ server 127.0.0.1:{server}; keepalive 8; keepalive_timeout 60s; }}
  proxy_http_version 1.1;
  proxy_set_header Connection "";
  proxy_set_header Host $host;
  proxy_set_header X-Forwarded-For 203.0.113.7;
  proxy_set_header X-Forwarded-Proto $scheme;
  server {{
    listen 127.0.0.1:{port} ssl;
    ssl_certificate {folder}/certificate.pem; ssl_certificate_key {folder}/key.pem;
    location /cut/ {{ proxy_pass http://atraso/; }}
    location /left/on {{ proxy_pass http://atraso; }}
  }}
}}
"""


@dataclass(frozen=True)
class Proxied:
    server: Any
    url: str
    tls: ssl.SSLContext
    access: Path

    def ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        return httpx.request(method, self.url + path, verify=self.tls, timeout=30, **options)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module", params=["lane", "ASGI"])
def proxied(
    request: pytest.FixtureRequest, servers: Callable[..., Any], need: Callable[..., None], tmp_path_factory: Any
) -> Iterator[Proxied]:
    nginx, openssl = shutil.which("nginx", path="/usr/sbin:/usr/bin"), shutil.which("openssl")
    need(nginx and openssl, "nginx and openssl are not installed: apt-get install nginx openssl")
    flags = ["--workers", 1, "--root-path", "/left/on/", "--forwarded-allow-ips", "10.0.0.0/8, 127.0.0.1"]
    off = ["--no-fast-lane"] if request.param == "ASGI" else []
    folder: Path = tmp_path_factory.mktemp("nginx")
    with (folder / "access.log").open("wb") as access:
        server = servers(*flags, "--access-log", *off, stdout=access)
    yield from behind_nginx(str(nginx), str(openssl), server, folder)


def behind_nginx(nginx: str, openssl: str, server: Any, folder: Path) -> Iterator[Proxied]:
    made = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    made += ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", "key.pem", "-out", "certificate.pem"]
    subprocess.run(made, cwd=folder, check=True, capture_output=True)
    port = free_port()
    user = "user root;" if Path("/root").owner() == folder.owner() else ""
    (folder / "nginx.conf").write_text(CONFIG.format(folder=folder, server=server.port, port=port, user=user))
    process = subprocess.Popen([nginx, "-e", folder / "error.log", "-c", folder / "nginx.conf"])
    try:
        tls = ssl.create_default_context(cafile=folder / "certificate.pem")
        deadline = time.monotonic() + 30
        while not listens(port):
            ended = process.poll() is not None or time.monotonic() > deadline
            assert not ended, (folder / "error.log").read_text()
            time.sleep(0.02)
        yield Proxied(server, f"https://127.0.0.1:{port}", tls, folder / "access.log")
    finally:
        process.terminate()
        process.wait(30)


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.mark.parametrize("prefix", ["/cut", "/left/on"])
@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/report"), ("GET", "/docs/"), ("POST", HOT + "/"), ("GET", "/v2/models/flight_delay/")],
)
def test_redirects_stay_behind_the_proxy(proxied: Proxied, prefix: str, method: str, path: str) -> None:
    content: Any = {"json": EXAMPLE} if method == "POST" else {}
    reply = proxied.ask(method, prefix + path, **content)
    assert reply.status_code == 307
    assert reply.headers["location"].startswith(".")
    there = proxied.ask(method, prefix + path, follow_redirects=True, **content)
    assert there.status_code == 200
    assert str(there.url).rstrip("/") == proxied.url + prefix + path.rstrip("/")


@pytest.mark.parametrize("prefix", ["/cut", "/left/on"])
def test_every_route_works_under_a_prefix(proxied: Proxied, prefix: str) -> None:
    for path in ("/", "/docs", "/openapi.json", "/report/", "/web/page.css", "/model_status", "/v2", "/flights"):
        assert proxied.ask("GET", prefix + path).content == httpx.get(proxied.server.url + path).content
    for path, body in ((HOT, EXAMPLE), ("/predict_delay_probabilities", [EXAMPLE])):
        reply = proxied.ask("POST", prefix + path, json=body)
        assert reply.content == proxied.server.post(path, body).content


def test_the_bare_prefix_leads_to_the_pages(proxied: Proxied) -> None:
    reply = proxied.ask("GET", "/left/on")
    assert (reply.status_code, reply.headers["location"]) == (307, "./on/")
    assert reply.headers["x-request-id"]
    assert "<html" in proxied.ask("GET", "/left/on", follow_redirects=True).text
    for path in ("/left/on%2fdocs", "/left/only", "/left/on/left/on/docs"):
        assert proxied.ask("GET", path).status_code == 404


@pytest.mark.parametrize("prefix", ["/cut/", "/left/on/"])
def test_the_pages_work_under_a_prefix_and_tls(proxied: Proxied, browser: Any, prefix: str) -> None:
    page = browser.new_page(ignore_https_errors=True)
    failed: list[str] = []
    page.on("response", lambda reply: failed.append(reply.url) if reply.status >= 400 else None)
    page.on("requestfailed", lambda request: failed.append(request.url))
    for name in ("", "docs", "report", "report/ficha", "?aerolinea=Sky+Airline&destino=Calama&salida=2027-03-05T06:20"):
        page.goto(proxied.url + prefix + name, wait_until="networkidle")
        assert page.title()
    page.close()
    assert failed == []


def test_the_log_names_the_client_and_not_the_proxy(proxied: Proxied, wait_until: Callable[..., Any]) -> None:
    proxied.ask("POST", "/cut" + HOT, json=EXAMPLE, headers={"x-request-id": "by-proxy"})
    proxied.ask("GET", "/cut/nothing", headers={"x-request-id": "by-proxy"})
    for method, path in (("POST", HOT), ("GET", "/nothing")):
        line = f'203.0.113.7:0 "{method} {path}"'
        wait_until(lambda line=line: line in proxied.access.read_text(), proxied.server)
    assert "127.0.0.1" not in "".join(line for line in proxied.access.read_text().splitlines() if "by-proxy" in line)


def test_nobody_else_is_believed(servers: Callable[..., Any]) -> None:
    for flags in ([], ["--forwarded-allow-ips", "192.0.2.1"]):
        server = servers("--workers", 1, "--log-level", "debug", *flags)
        for method, path in (("POST", HOT), ("GET", "/nothing")):
            headers = {"x-forwarded-for": "203.0.113.7", "x-forwarded-proto": "https"}
            httpx.request(method, server.url + path, headers=headers, content=json.dumps(EXAMPLE))
        assert "203.0.113.7" not in server.log.read_text()


@pytest.mark.parametrize(
    "flags",
    [
        ("--root-path", "atraso"), ("--root-path", "/a b"), ("--root-path", "/a//b"),
        ("--forwarded-allow-ips", "proxy"), ("--forwarded-allow-ips", "10.0.0.1, *"),
        ("--cors-origin", "shop.example"), ("--cors-origin", "https://shop.example/"), ("--cors-origin", "null"),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_a_usage_error(flags: tuple[str, str]) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "service", "--port", "0", *flags], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 2
    assert repr(flags[1]) in ended.stderr
