"""The offline side."""

import os

# One thread, read as the libraries load: on some ten thousand rows a second one costs more than it gives, and on
# busy cores the threads wait for each other. It also makes every sum the same on every machine.
os.environ.setdefault("OMP_NUM_THREADS", "1")
