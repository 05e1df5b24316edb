import hashlib
import http.server
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

CONTENT = b"Fecha-I,OPERA\n" * 50_000
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/missing":
            self.send_error(404)
            return
        body = CONTENT[:-1] + b"x" if self.path == "/wrong" else CONTENT
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if self.path == "/cut" else body)

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_the_right_file(site: str, tmp_path: Path, run_export: Callable[..., str]) -> None:
    out = tmp_path / "new" / "data.csv"
    assert SHA256 in run_export("fetch", "--url", f"{site}/right", "--sha256", SHA256, "--out", out)
    assert out.read_bytes() == CONTENT
    assert list(out.parent.iterdir()) == [out]
    assert "is there already" in run_export("fetch", "--url", f"{site}/missing", "--sha256", SHA256, "--out", out)


@pytest.mark.parametrize("path", ["wrong", "cut", "missing"])
def test_a_failure_leaves_the_old_file_and_nothing_half_written(
    site: str, tmp_path: Path, fail_export: Callable[..., str], path: str
) -> None:
    out = tmp_path / "data.csv"
    out.write_text("old")
    sentence = fail_export("fetch", "--url", f"{site}/{path}", "--sha256", SHA256, "--out", out)
    assert sentence == f"atraso: none of 1 addresses gave the file; {out} was not written"
    assert out.read_text() == "old"
    assert list(tmp_path.iterdir()) == [out]


def test_the_next_address_is_tried(site: str, tmp_path: Path, run_export: Callable[..., str]) -> None:
    out = tmp_path / "data.csv"
    urls = [f"{site}/{path}" for path in ("missing", "cut", "wrong", "right")]
    run_export("fetch", *(word for url in urls for word in ("--url", url)), "--sha256", SHA256, "--out", out)
    assert out.read_bytes() == CONTENT


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/x", "not an address", "ftp://", "file:///etc/hostname"])
def test_an_address_that_is_none_is_told(tmp_path: Path, fail_export: Callable[..., str], url: str) -> None:
    fail_export("fetch", "--url", url, "--sha256", SHA256, "--out", tmp_path / "data.csv")
    assert not list(tmp_path.iterdir())
