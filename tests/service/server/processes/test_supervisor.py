"""The parent of the workers, on real processes."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from service.api.contract import EXAMPLE
from service.api.routing.paths import HOT

ROOT = Path(__file__).resolve().parents[4]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "tables", tmp_path / "tables")
    shutil.copy(ROOT / "model.onnx", tmp_path)
    return tmp_path


def counted(server: Any, name: str) -> float:
    lines = httpx.get(server.url + "/metrics").text.splitlines()
    return next(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(f"atraso_{name} "))


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV])
def test_a_worker_that_dies_is_replaced(
    servers: Callable[..., Any], workers_of: Any, until: Any, workers: int, number: int
) -> None:
    server = servers("--workers", workers)
    first = workers_of(server)
    os.kill(first[0], number)
    until(lambda: len(now := workers_of(server)) == workers and first[0] not in now, server.log.read_text)
    assert server.post(HOT, EXAMPLE).status_code == 200
    assert counted(server, "worker_deaths_total") == 1
    assert "Traceback" not in server.log.read_text()


def test_a_worker_that_hangs_is_killed_and_replaced(servers: Callable[..., Any], workers_of: Any, until: Any) -> None:
    server = servers("--workers", 2, "--worker-timeout", 1)
    first = workers_of(server)
    os.kill(first[0], signal.SIGSTOP)
    until(lambda: len(now := workers_of(server)) == 2 and first[0] not in now, server.log.read_text)
    assert server.post(HOT, EXAMPLE).status_code == 200
    assert counted(server, "workers_killed_total") == 1


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("number", [signal.SIGUSR1, signal.SIGUSR2, signal.SIGWINCH])
def test_signals_that_ask_for_nothing_change_nothing(
    servers: Callable[..., Any], workers_of: Any, workers: int, number: int
) -> None:
    server = servers("--workers", workers)
    first = workers_of(server)
    for pid in (server.process.pid, *first):
        os.kill(pid, number)
    assert server.post(HOT, EXAMPLE).status_code == 200
    assert workers_of(server) == first


def test_workers_leave_when_their_parent_is_gone(servers: Callable[..., Any], workers_of: Any, until: Any) -> None:
    server = servers("--workers", 2)
    workers = workers_of(server)
    server.process.kill()
    server.process.wait()
    until(lambda: not any(map(is_alive, workers)), server.log.read_text)
    with socket.create_server(("127.0.0.1", server.port)):
        pass  # the port is free


def test_a_second_signal_ends_at_once(servers: Callable[..., Any], workers_of: Any, until: Any) -> None:
    server = servers("--workers", 2, "--shutdown-timeout", 60)
    workers = workers_of(server)
    os.kill(workers[0], signal.SIGSTOP)  # it will not leave by itself
    server.process.terminate()
    until(lambda: "Shutting down" in server.log.read_text())
    assert server.stop() == 128 + signal.SIGTERM
    until(lambda: not any(map(is_alive, workers)))


@pytest.mark.parametrize("workers", [1, 2])
def test_a_bundle_is_changed_without_a_pause(
    servers: Callable[..., Any], workers_of: Any, until: Any, small_bundle: Any, copy: Path, workers: int
) -> None:
    server = servers("--workers", workers, "--bundle", copy)
    first = workers_of(server)
    before = server.post(HOT, EXAMPLE).content
    replace(copy, small_bundle.folder)
    os.kill(first[0], signal.SIGKILL)
    until(lambda: len(now := workers_of(server)) == workers and first[0] not in now, server.log.read_text)
    for _ in range(10):
        assert server.post(HOT, EXAMPLE).content == before  # nobody asked for the new one
    server.process.send_signal(signal.SIGHUP)
    until(lambda: counted(server, 'reloads_total{result="done"}'), server.log.read_text)
    until(lambda: not set(first) & set(workers_of(server)) and len(workers_of(server)) == workers)
    after = {server.post(HOT, EXAMPLE).content for _ in range(10)}
    assert len(after) == 1
    assert after != {before}


def replace(at: Path, other: Path) -> None:
    shutil.rmtree(at / "tables")
    shutil.copytree(other / "tables", at / "tables")
    shutil.copy(other / "model.onnx", at)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_broken_bundle_is_refused_and_the_old_one_goes_on(
    servers: Callable[..., Any], workers_of: Any, until: Any, copy: Path, workers: int
) -> None:
    server = servers("--workers", workers, "--bundle", copy)
    first = workers_of(server)
    (copy / "model.onnx").write_bytes(b"nothing")
    server.process.send_signal(signal.SIGHUP)
    until(lambda: counted(server, 'reloads_total{result="refused"}'), server.log.read_text)
    assert "the new bundle is refused" in server.log.read_text()
    assert server.post(HOT, EXAMPLE).status_code == 200
    assert workers_of(server) == first


def test_the_bundle_is_watched(servers: Callable[..., Any], until: Any, small_bundle: Any, copy: Path) -> None:
    server = servers("--workers", 1, "--bundle", copy, "--watch")
    before = server.post(HOT, EXAMPLE).content
    replace(copy, small_bundle.folder)
    until(lambda: server.post(HOT, EXAMPLE).content != before, server.log.read_text)


def test_of_two_starts_on_one_port_one_ends_with_a_sentence(until: Any) -> None:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    command = [sys.executable, "-m", "service", "--port", str(port), "--workers", "2"]
    both = [subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    try:
        (loser,) = until(lambda: [each for each in both if each.poll() is not None])
        assert loser.returncode in (1, 3)
        assert f"cannot listen on 127.0.0.1 port {port}: Address already in use" in loser.stderr.read()
        (winner,) = (each for each in both if each is not loser)
        until(lambda: answers(port))
        assert winner.poll() is None
    finally:
        for each in both:
            each.terminate()
            each.communicate()


def answers(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/v2/health/ready").status_code == 200
    except httpx.TransportError:
        return False


def test_nothing_is_needed_in_the_folder_for_temporary_files(
    servers: Callable[..., Any], workers_of: Any, until: Any, tmp_path: Path
) -> None:
    folder = tmp_path / "tmp"
    folder.mkdir()
    server = servers("--workers", 2, env={"TMPDIR": str(folder)})
    folder.rmdir()
    first = workers_of(server)
    os.kill(first[0], signal.SIGKILL)
    until(lambda: len(now := workers_of(server)) == 2 and first[0] not in now, server.log.read_text)
    assert server.post(HOT, EXAMPLE).status_code == 200


@pytest.mark.parametrize("whom", ["parent", "group"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_end_loses_no_request(whom: str, number: int, until: Any, tmp_path: Path) -> None:
    """Clients that connect, ask and read, again and again: each that could connect gets its reply."""
    log = tmp_path / "log"
    command = [sys.executable, "-m", "service", "--port", "0", "--workers", "2"]
    with log.open("wb") as file:
        process = subprocess.Popen(command, cwd=ROOT, stderr=file, start_new_session=True)
    port = int(until(lambda: port_in(log), log.read_text))
    until(lambda: answers(port))
    lost: list[str] = []
    asked: list[int] = []
    clients = [threading.Thread(target=ask_until_refused, args=(port, asked, lost)) for _ in range(8)]
    for client in clients:
        client.start()
    until(lambda: len(asked) > 200)
    (os.killpg if whom == "group" else os.kill)(process.pid, number)
    for client in clients:
        client.join()
    assert process.wait(30) == 0
    assert lost == []


def port_in(log: Path) -> str:
    return log.read_text().partition("http://127.0.0.1:")[2].partition(",")[0]


def ask_until_refused(port: int, asked: list[int], lost: list[str]) -> None:
    body = b'{"OPERA":"Sky Airline","SIGLADES":"Calama","FECHA_PROGRAMADA":"2017-11-27 13:00:00"}'
    request = b"POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s" % (HOT.encode(), len(body), body)
    while True:
        try:
            connection = socket.create_connection(("127.0.0.1", port), timeout=20)
        except OSError:
            return  # the door is closed
        with closing(connection):
            closes = False
            while not closes:
                try:
                    connection.sendall(request)
                    reply = connection.recv(4096)
                except OSError as error:
                    reply = repr(error).encode()
                if not reply.startswith(b"HTTP/1.1 200"):
                    lost.append(reply.decode())
                    return
                asked.append(1)
                closes = b"connection: close" in reply or len(asked) % 7 == 0


def test_it_says_that_it_is_not_ready_before_it_ends(servers: Callable[..., Any], until: Any) -> None:
    server = servers("--workers", 2, "--unready", 3)
    server.process.terminate()
    until(lambda: httpx.get(server.url + "/v2/health/ready").status_code == 503)
    assert server.post(HOT, EXAMPLE).status_code == 200  # and still serves
    assert server.process.wait(30) == 0


def test_keys_are_rotated_by_a_reload_and_by_nothing_else(
    servers: Callable[..., Any], workers_of: Any, until: Any, tmp_path: Path
) -> None:
    file = tmp_path / "keys"
    file.write_text("old\n")
    server = servers("--workers", 1, "--api-keys-file", file, "--open-metrics")

    def status(key: str) -> int:
        return httpx.post(server.url + HOT, json=EXAMPLE, headers={"x-api-key": key}).status_code

    first = workers_of(server)
    file.write_text("new\n")
    os.kill(first[0], signal.SIGKILL)
    until(lambda: len(now := workers_of(server)) == 1 and first[0] not in now, server.log.read_text)
    assert (status("old"), status("new")) == (200, 401)
    server.process.send_signal(signal.SIGHUP)
    until(lambda: status("new") == 200, server.log.read_text)
    until(lambda: status("old") == 401)
    file.write_text("")
    server.process.send_signal(signal.SIGHUP)
    until(lambda: counted(server, 'reloads_total{result="refused"}'), server.log.read_text)
    assert status("new") == 200
