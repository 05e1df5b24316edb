"""The offline side. Its waiting threads sleep: spinning, they crawl where cores are busy."""

import os

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # read as the threads' library loads
