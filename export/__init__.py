"""The offline side. Threads that wait sleep, which their library reads as it loads: spinning, they crawl on busy cores."""

import os

os.environ.setdefault("OMP_WAIT_POLICY", "passive")
