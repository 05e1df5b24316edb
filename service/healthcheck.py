"""`python -m service.healthcheck`: ends with 0 when the server on this machine is ready, without needing curl.

It asks where the server listens: the kernel knows, whichever flag or variable said so. Where the kernel does not tell,
the variables do.
"""

import http.client
import os
import sys
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address, ip_address
from itertools import pairwise
from pathlib import Path

LISTENING = "0A"
VARIABLES = (b"ATRASO_HOST", b"ATRASO_PORT", b"PORT")
"""What a container gives to its server and to its health check alike; another server on the machine has others."""

TIMEOUT = 5
"""Seconds."""


def is_ready(host: str, port: int) -> bool:
    connection = http.client.HTTPConnection(host, port, timeout=TIMEOUT)
    try:
        connection.request("GET", "/v2/health/ready")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def addresses(proc: Path = Path("/proc")) -> Iterator[tuple[str, int]]:
    """Where the servers listen that have this process's variables, as the kernel tells."""
    sockets = {inode for process in proc.glob("[0-9]*") if _is_server(process) for inode in _sockets(process)}
    for table in ("tcp", "tcp6"):
        for line in _read(proc / "self" / "net" / table).decode().splitlines()[1:]:
            _, local, _, state, *_, inode = line.split()[:10]
            if state == LISTENING and inode in sockets:
                yield _address(local)


def _is_server(process: Path) -> bool:
    words = _read(process / "cmdline").split(b"\0")
    if (b"-m", b"service") not in pairwise(words):
        return False
    theirs = dict(line.partition(b"=")[::2] for line in _read(process / "environ").split(b"\0"))
    return all(theirs.get(name) == os.environb.get(name) for name in VARIABLES)


def _sockets(process: Path) -> Iterator[str]:
    try:
        for each in (process / "fd").iterdir():
            target = os.readlink(each)
            if target.startswith("socket:["):
                yield target[8:-1]
    except OSError:
        return  # it has ended, or is somebody else's


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def _address(text: str) -> tuple[str, int]:
    """`0100007F:1F90` -> 127.0.0.1 and 8080: words of four bytes, each as this machine has it in memory."""
    host, port = text.split(":")
    words = [int(host[at : at + 8], 16).to_bytes(4, sys.byteorder) for at in range(0, len(host), 8)]
    return reachable(ip_address(b"".join(words))), int(port, 16)


def reachable(address: IPv4Address | IPv6Address) -> str:
    """Where a server is asked that listens at `address`, which may be every one."""
    if address.is_unspecified:
        return "::1" if address.version == 6 else "127.0.0.1"
    return str(address)


def told() -> tuple[str, int]:
    """Where the variables say that the server listens."""
    ports = [os.environ.get(name, "") for name in ("ATRASO_PORT", "PORT")]
    port = next((int(each) for each in ports if each.isascii() and each.isdigit()), 8080)
    host = os.environ.get("ATRASO_HOST", "127.0.0.1")
    try:
        return reachable(ip_address(host)), port
    except ValueError:
        return host, port  # a name


def main() -> int:
    found = sorted(set(addresses())) or [told()]
    if told() in found:
        found = [told()]  # of several servers, the one that the variables name
    for host, port in found:
        if not is_ready(host, port):
            print(f"atraso: not ready at {host} port {port}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
