"""A server of its own process group, and what Linux knows of its processes."""

import os
import re
import resource
import signal
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.chaos.rig.client import DEADLINE, Connection, wait_until
from tests.processes import children

ROOT = Path(__file__).resolve().parents[3]
LIVE = b"GET /v2/health/live HTTP/1.1\r\nHost: chaos\r\n\r\n"


@dataclass
class Started:
    process: subprocess.Popen[bytes]
    log: Path
    port: int = 0

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def workers(self) -> list[int]:
        return [child for child in children(self.pid) if "resource_tracker" not in command_line(child)]

    def wait_for_workers(self, count: int, without: int = 0) -> None:
        """Until there are so many workers, `without` one that was there before, and each of them serves."""

        def there() -> bool:
            assert self.process.poll() is None, self.text()[-5000:]
            found = self.workers()
            return len(found) == count and without not in found and self.serving() >= set(found)

        wait_until(there, why=self.text)

    def serving(self) -> set[int]:
        """The workers that take and answer new connections, of which whoever has fewest gets the most."""
        opened: list[Connection] = []
        try:
            for _ in range(8):
                opened.append(Connection(self.port))
                opened[-1].socket.sendall(LIVE)
                opened[-1].reply()
            ports = {each.port for each in opened}
            return {pid for pid in self.workers() if ports_held_by(pid) & ports}
        except OSError:
            return set()
        finally:
            for each in opened:
                each.close()

    def text(self) -> str:
        return self.log.read_text(errors="replace")

    def get(self, path: str) -> httpx.Response:
        return httpx.get(self.url + path, timeout=DEADLINE)

    def metrics(self) -> Counter[str]:
        """Every sample by its name and labels."""
        lines = [line.rsplit(" ", 1) for line in self.get("/metrics").text.splitlines() if line[:1] != "#"]
        return Counter({name: float(value) for name, value in lines})  # type: ignore[arg-type]

    def memory(self) -> int:
        """Resident bytes of the workers, or of the only process."""
        return sum(resident(pid) for pid in self.workers() or [self.pid])

    def descriptors(self) -> int:
        return sum(map(sockets_of, self.workers() or [self.pid]))

    def end(self) -> int:
        """Ended as a person would; then by force. The status that it ended with."""
        if self.process.poll() is None:
            self.process.terminate()
        try:
            return self.process.wait(DEADLINE)
        finally:
            if self.process.poll() is None:
                os.killpg(self.pid, signal.SIGKILL)
                self.process.wait(DEADLINE)


def start(
    log: Path,
    *flags: object,
    module: str = "service",
    env: dict[str, str] | None = None,
    files: int = 0,
    before: str = "",
) -> Started:
    """`python -m module flags` once it is ready; `files` limits its descriptors, `before` is shell to run before it."""
    python = [sys.executable, "-m", module, "--port", "0", *map(str, flags)]
    command = ["unshare", "--mount", "sh", "-ec", f'{before}; exec "$@"', "sh", *python] if before else python

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))

    with log.open("wb") as file:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            stdout=file,
            stderr=file,
            env={**os.environ, **(env or {})},
            start_new_session=True,
            preexec_fn=limit if files else None,
        )
    server = Started(process, log)

    def port() -> int:
        assert process.poll() is None, server.text()
        found = re.search(r"http://\S+:(\d+)", server.text())
        return int(found.group(1)) if found else 0

    def ready() -> bool:
        assert process.poll() is None, server.text()
        try:
            return server.get("/v2/health/ready").status_code == 200
        except httpx.TransportError:
            return False

    server.port = wait_until(port, why=server.text)
    wait_until(ready, why=server.text)
    return server


def command_line(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


def alive(pid: int) -> bool:
    """There, and no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1][0] not in "ZX"
    except OSError:
        return False


def resident(pid: int) -> int:
    """Bytes of memory that are the process's own or were touched by it."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * resource.getpagesize()
    except OSError:
        return 0


def sockets_of(pid: int) -> int:
    return len(_inodes(pid))


def ports_held_by(pid: int) -> set[int]:
    """The clients' ports of the connections that a process has: ask of one that is stopped."""
    inodes = _inodes(pid)
    try:
        lines = Path(f"/proc/{pid}/net/tcp").read_text().splitlines()[1:]
    except OSError:
        return set()
    fields = [line.split() for line in lines]
    return {int(each[2].rsplit(":", 1)[1], 16) for each in fields if each[9] in inodes} - {0}


def stop(pid: int) -> set[int]:
    """SIGSTOP; the clients' ports of the connections that the process has."""
    os.kill(pid, signal.SIGSTOP)
    wait_until(lambda: Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1][0] in "Tt")
    return ports_held_by(pid)


def _inodes(pid: int) -> set[str]:
    found = set()
    try:
        for each in Path(f"/proc/{pid}/fd").iterdir():
            try:
                target = os.readlink(each)
            except OSError:
                continue
            if target.startswith("socket:["):
                found.add(target[8:-1])
    except OSError:
        pass
    return found
