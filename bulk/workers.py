"""Processes that score blocks of a file, and what they made of each, in the order of the file.

They are forked, and share slots of memory with the parent: a block lies in one, and then what came of it until that is
written, so that memory is bounded however long the file is. What is told beside goes through pipes as JSON. A process
whose parent is gone ends.
"""

import gzip
import os
import signal
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from mmap import mmap
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import NamedTuple, NoReturn

import orjson

from bulk.errors import BulkError
from bulk.reading.blocks import BLOCK, Block
from bulk.scoring.job import Scored
from bulk.scoring.oddly import Wrong
from export.errors import ExportError
from service.model.files import BundleError

AHEAD = 2
"""Slots of a process: it need not wait while what it made is written."""

SLOT = 5 * BLOCK
"""Bytes, touched as far as they are needed. No block has more; a result that has goes through the pipe."""


class Done(NamedTuple):
    """What came of a block; `content` lies in a slot until the next one is asked for."""

    content: bytes | memoryview
    end: int
    flights: int
    unknown: int
    lines: int
    wrong: list[Wrong]


class Worker(NamedTuple):
    pid: int
    pipe: "Connection[bytes, bytes]"


Score = Callable[[bytes], Scored]


class Workers:
    """`make` is called in each process; where `pack` is set, what comes out is gzipped there."""

    def __init__(self, count: int, make: Callable[[], Score], pack: bool = False) -> None:
        self._slots = [mmap(-1, SLOT) for _ in range(count * AHEAD)]
        self._workers: list[Worker] = []
        for _ in range(count):
            self._workers.append(self._fork(make, pack))

    def _fork(self, make: Callable[[], Score], pack: bool) -> Worker:
        ours, theirs = Pipe()
        pid = os.fork()
        if pid:
            theirs.close()
            return Worker(pid, ours)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent says when it is over
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        for pipe in (ours, *(worker.pipe for worker in self._workers)):
            pipe.close()
        return _work(theirs, self._slots, make, pack)

    def run(self, blocks: Iterable[Block]) -> Iterator[Done]:
        """What came of each block, in order; they go to the processes in turn. Raises BulkError."""
        given: dict[int, Block] = {}
        coming = iter(blocks)
        last = False
        turn = number = 0
        while True:
            while not last and number - turn < len(self._slots):
                block = next(coming, None)
                if block is None:
                    last = True
                    break
                given[number] = block._replace(content=self._give(number, block.content))
                number += 1
            if turn == number:
                return
            yield self._take(turn, given.pop(turn))
            turn += 1

    def _give(self, number: int, content: bytes) -> bytes:
        """Nothing, in place of the content, which lies in its slot now."""
        slot, worker = number % len(self._slots), self._workers[number % len(self._workers)]
        self._slots[slot][: len(content)] = content
        try:
            worker.pipe.send_bytes(orjson.dumps([slot, len(content)]))
        except OSError:
            self._died(worker)
        return b""

    def _take(self, number: int, block: Block) -> Done:
        worker = self._workers[number % len(self._workers)]
        try:
            told = orjson.loads(worker.pipe.recv_bytes())
            if "failed" in told:
                raise BulkError(told["failed"])
            content: bytes | memoryview
            if told["beside"]:
                content = worker.pipe.recv_bytes()
            else:
                content = memoryview(self._slots[number % len(self._slots)])[: told["size"]]
        except (OSError, EOFError):
            self._died(worker)
        wrong = [Wrong(*each) for each in told["wrong"]]
        return Done(content, block.end, told["flights"], told["unknown"], told["lines"], wrong)

    def _died(self, worker: Worker) -> NoReturn:
        self._workers.remove(worker)
        code = os.waitstatus_to_exitcode(os.waitpid(worker.pid, 0)[1])
        why = f"was killed by signal {-code}{' (out of memory?)' if code == -signal.SIGKILL else ''}"
        raise BulkError(f"a process that scores {why if code < 0 else f'ended with status {code}'}")

    def close(self) -> None:
        """End them: what they do is of no use any more."""
        for worker in self._workers:
            worker.pipe.close()
            with suppress(ProcessLookupError):
                os.kill(worker.pid, signal.SIGKILL)
        for worker in self._workers:
            with suppress(ChildProcessError):
                os.waitpid(worker.pid, 0)
        self._workers = []


def _work(pipe: "Connection[bytes, bytes]", slots: list[mmap], make: Callable[[], Score], pack: bool) -> NoReturn:
    """The life of a process."""
    status = 1
    try:
        score = make()
        while True:
            slot, size = orjson.loads(pipe.recv_bytes())
            _answer(pipe, slots[slot], score(slots[slot][:size]), pack)
    except (EOFError, BrokenPipeError, ConnectionResetError):
        status = 0  # nobody waits any more
    except (ExportError, BundleError) as error:
        _tell(pipe, str(error))
    except MemoryError:
        _tell(pipe, "there is not enough memory; fewer --processes need less")
    except BaseException:
        _tell(pipe, f"a fault of ours:\n{traceback.format_exc()}")
    finally:
        os._exit(status)


def _answer(pipe: "Connection[bytes, bytes]", slot: mmap, scored: Scored, pack: bool) -> None:
    content = [gzip.compress(b"".join(scored.content), 6, mtime=0)] if pack and scored.content else scored.content
    size = sum(len(piece) for piece in content)
    beside = size > len(slot)
    if not beside:
        at = 0
        for piece in content:
            slot[at : at + len(piece)] = piece
            at += len(piece)
    wrong = list(map(tuple, scored.wrong))
    told = scored._asdict() | {"content": None, "wrong": wrong, "size": size, "beside": beside}
    pipe.send_bytes(orjson.dumps(told))
    if beside:
        pipe.send_bytes(b"".join(content))


def _tell(pipe: "Connection[bytes, bytes]", sentence: str) -> None:
    with suppress(OSError):
        pipe.send_bytes(orjson.dumps({"failed": sentence}))
