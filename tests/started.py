"""Commands of `python -m export` in processes of their own that need no start.

To import what they need takes a second and a half of a core, and most of them do little more. Here one process has
imported it and forks one for each command, which has its own arguments, environment, output and exit status.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TIMEOUT = 600


class Started:
    """The process that forks, seen from the tests. It ends when nobody can ask it any more."""

    def __init__(self) -> None:
        self._channel, theirs = socket.socketpair()
        with theirs:
            command = [sys.executable, "-m", "tests.started", str(theirs.fileno())]
            self._process = subprocess.Popen(command, cwd=ROOT, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL)

    def run(self, *args: object) -> subprocess.CompletedProcess[str]:
        words = [*map(str, args)]
        asked, theirs = socket.socketpair()
        with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err, asked:
            with theirs:
                socket.send_fds(self._channel, [b"."], [theirs.fileno(), out.fileno(), err.fileno()])
            asked.settimeout(TIMEOUT)
            asked.sendall(json.dumps({"words": words, "environment": dict(os.environ)}).encode() + b"\n")
            status = asked.recv(16)
            assert status, "the process that forks has ended"
            out.seek(0)
            err.seek(0)
            return subprocess.CompletedProcess(words, int(status), out.read(), err.read())

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
            with socket.socket(fileno=numbers[0]) as asked:
                if (pid := os.fork()) == 0:
                    return become(asked, numbers[1:])
                _, status = os.waitpid(pid, 0)
                asked.sendall(str(os.waitstatus_to_exitcode(status)).encode())
            os._exit(0)
        for number in numbers:
            os.close(number)


def become(asked: socket.socket, outputs: list[int]) -> None:
    """Take what the command was told, and its outputs."""
    with asked.makefile("rb") as lines:
        told = json.loads(lines.readline())
    for number, output in enumerate(outputs, 1):
        os.dup2(output, number)
        os.close(output)
    os.environ.clear()
    os.environ.update(told["environment"])
    sys.argv[1:] = told["words"]


if __name__ == "__main__":
    from export.__main__ import main

    wait_for_a_command(socket.socket(fileno=int(sys.argv[1])))
    main()
