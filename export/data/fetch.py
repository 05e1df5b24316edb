"""The real flights, from their public addresses to a checked file. Nothing half-written is ever left at its place."""

import hashlib
import http.client
import os
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import BinaryIO

from export.errors import ExportError
from export.files import make_folder

SHA256 = "66d7334fbc9c2c070842e9a99d465f552f94a2b1d5c4047be825e5954e12e829"
SIZE = 8_658_845
ADDRESSES = (
    "https://raw.githubusercontent.com/gchaperon/latam-challenge/HEAD/data/data.csv",
    "https://raw.githubusercontent.com/cesar-troncoso/challenge_MLE/aca71de7048bae77697e587067b4836cdbfa1cd6/data/data.csv",
    "https://raw.githubusercontent.com/cesar-troncoso/challenge_MLE/HEAD/data/data.csv",
)
TIMEOUT = 30
CHUNK = 1 << 16


def fetch(
    addresses: Sequence[str],
    destination: Path,
    sha256: str,
    say: Callable[[str], None],
    progress: Callable[[int], None],
) -> None:
    """Download from the first address that gives the file with this sha256. Raises ExportError when none does.

    `progress` is called with the bytes received so far of the present address.
    """
    try:
        make_folder(destination.parent)
    except OSError as error:
        raise ExportError(f"{destination.parent}: {error.strerror}") from None
    for address in addresses:
        say(f"downloading {address}")
        try:
            _fetch_one(address, destination, sha256, progress)
        except (OSError, http.client.HTTPException, ValueError) as error:
            say(f"that failed: {error}")
        else:
            return
    raise ExportError(f"none of {len(addresses)} addresses gave the file; {destination} was not written")


def _fetch_one(address: str, destination: Path, sha256: str, progress: Callable[[int], None]) -> None:
    if not address.startswith(("http://", "https://")):
        raise ValueError("it is not an http or https address")
    handle, name = tempfile.mkstemp(prefix=".fetch-", dir=destination.parent)
    try:
        with os.fdopen(handle, "wb") as file, urllib.request.urlopen(address, timeout=TIMEOUT) as response:
            found = _copy(response, file, progress)
        if found != sha256:
            raise ValueError(f"its sha256 is {found}, expected {sha256}")
        os.chmod(name, 0o644)
        os.replace(name, destination)
    finally:
        Path(name).unlink(missing_ok=True)


def _copy(response: http.client.HTTPResponse, file: BinaryIO, progress: Callable[[int], None]) -> str:
    """Copy a response and return its sha256. Raises IncompleteRead where the connection was cut."""
    digest = hashlib.sha256()
    received = 0
    while chunk := response.read(CHUNK):
        digest.update(chunk)
        file.write(chunk)
        received += len(chunk)
        progress(received)
    if response.length:
        raise http.client.IncompleteRead(b"", response.length)
    return digest.hexdigest()


def is_there(destination: Path, sha256: str) -> bool:
    return destination.is_file() and hashlib.sha256(destination.read_bytes()).hexdigest() == sha256
