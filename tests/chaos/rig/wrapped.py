"""`python -m service` with ways to hurt its workers from outside, so that the service itself needs no hook.

SIGRTMIN sends a worker into an endless loop; SIGRTMIN+1 sets its clock back by a day; while the file that
ATRASO_CHAOS_BAR names is there, a new worker ends at once.
"""

import os
import signal
import time
from typing import Any

from service.__main__ import command

LOOP, CLOCK_BACK = signal.SIGRTMIN, signal.SIGRTMIN + 1
_time = time.time


def loop(number: int, frame: Any) -> None:
    while True:
        pass


def set_back(number: int, frame: Any) -> None:
    time.time = lambda: _time() - 86_400


def end_if_barred() -> None:
    if os.path.exists(os.environ.get("ATRASO_CHAOS_BAR", "")):
        os._exit(3)


signal.signal(LOOP, loop)
signal.signal(CLOCK_BACK, set_back)
os.register_at_fork(after_in_child=end_if_barred)

if __name__ == "__main__":
    command(prog_name="python -m service")
elif __name__ == "__mp_main__":  # a worker that was not forked imports the program anew
    end_if_barred()
