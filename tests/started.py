"""Commands in processes of their own that need no start.

To import what `python -m export` needs takes up to a second and a half of a core, and `python -m service` a sixth;
the tests call hundreds of them, and most do little more. Here one process has imported a command's modules and forks
one for each call, which has its own arguments, environment, outputs and exit status.
"""

import importlib
import json
import os
import pkgutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

ROOT = Path(__file__).resolve().parent.parent
TIMEOUT = 600
Output = IO[str] | IO[bytes]


class Running:
    """A command that was begun, with those methods of a `subprocess.Popen` that the tests ask for."""

    def __init__(self, args: list[str], told: socket.socket) -> None:
        self.args = args
        self._told = told
        told.settimeout(TIMEOUT)
        self.pid = int(self._hear())
        self._status: int | None = None

    def _hear(self) -> str:
        line = b""
        while not line.endswith(b"\n"):
            some = self._told.recv(1)
            assert some, "the process that forks has ended"
            line += some
        return line.decode()

    def poll(self) -> int | None:
        """Its exit status, once it has ended."""
        try:
            return self.wait(0)
        except subprocess.TimeoutExpired:
            return None

    def wait(self, timeout: float = TIMEOUT) -> int:
        if self._status is None:
            self._told.settimeout(timeout)
            try:
                self._status = int(self._hear())
            except (TimeoutError, BlockingIOError):
                raise subprocess.TimeoutExpired(self.args, timeout) from None
            self._told.close()
        return self._status

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


class Started:
    """The process that forks, seen from the tests. It ends when nobody can ask it any more.

    `program` is what a new process calls, as `export.__main__:main`; `imported` are modules that it imports later.
    """

    def __init__(self, program: str, *imported: str) -> None:
        self._channel, theirs = socket.socketpair()
        with theirs:
            command = [sys.executable, "-m", "tests.started", str(theirs.fileno()), program, *imported]
            self._process = subprocess.Popen(command, cwd=ROOT, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL)

    def begin(self, *args: object, out: Output, err: Output, environment: Mapping[str, str] = os.environ) -> Running:
        words = [*map(str, args)]
        asked, theirs = socket.socketpair()
        with theirs:
            socket.send_fds(self._channel, [b"."], [theirs.fileno(), out.fileno(), err.fileno()])
        asked.sendall(json.dumps({"words": words, "environment": dict(environment)}).encode() + b"\n")
        return Running(words, asked)

    def run(self, *args: object) -> subprocess.CompletedProcess[str]:
        with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
            running = self.begin(*args, out=out, err=err)
            status = running.wait()
            out.seek(0)
            err.seek(0)
            return subprocess.CompletedProcess(running.args, status, out.read(), err.read())

    def end(self) -> None:
        self._channel.close()
        self._process.wait(TIMEOUT)


def wait_for_a_command(channel: socket.socket) -> None:
    """Returns in a new process for each command, which has its arguments, environment and outputs."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        _, numbers, _, _ = socket.recv_fds(channel, 1, 3)
        if not numbers:
            sys.exit()
        if os.fork() == 0:
            channel.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            with socket.socket(fileno=numbers[0]) as asked, asked.makefile("rb") as lines:
                told = json.loads(lines.readline())
                if (pid := os.fork()) == 0:
                    return become(told, numbers[1:])
                for number in numbers[1:]:
                    os.close(number)
                signal.signal(signal.SIGINT, signal.SIG_IGN)  # it lives as long as the command
                asked.sendall(b"%d\n" % pid)
                _, status = os.waitpid(pid, 0)
                asked.sendall(b"%d\n" % os.waitstatus_to_exitcode(status))
            os._exit(0)
        for number in numbers:
            os.close(number)


def become(told: Any, outputs: list[int]) -> None:
    """Take what the command was told, and its outputs."""
    for number, output in enumerate(outputs, 1):
        os.dup2(output, number)
        os.close(output)
    os.environ.clear()
    os.environ.update(told["environment"])
    sys.argv[1:] = told["words"]


if __name__ == "__main__":
    call = pkgutil.resolve_name(sys.argv[2])
    for module in sys.argv[3:]:
        importlib.import_module(module)
    wait_for_a_command(socket.socket(fileno=int(sys.argv[1])))
    call()
