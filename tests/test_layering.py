"""The wings of the house, and which way imports point. The table is `docs/architecture.md`'s."""

import ast
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parent.parent
OURS = ("service", "export", "bench", "bulk")
TRAINING = ("lightgbm", "onnx", "onnxmltools", "sklearn", "pandas", "scipy", "matplotlib", "xgboost")
HTTP = ("starlette", "uvicorn", "httptools", "uvloop", "socket", "http", "click")

TOP_OF_SERVICE = (
    "service.app",
    "service.load",
    "service.native",
    "service.settings",
    "service.__main__",
    "service.healthcheck",
    "service.__version__",
)
STAGES = ("export.data", "export.learn", "export.graph")
TOP_OF_EXPORT = ("export.assemble", "export.bundle", "export.exchange", "export.names")
EVERYWHERE = ("export.errors", "export.files", "export.progress", "export.style", "export.__version__")

OF_BULK = ("service.model", "service.api.contract", "export.data.headers", *EVERYWHERE)


class Wing(NamedTuple):
    """Where a folder or file stands: of our own packages it may import `own` alone, and of others all but `never`."""

    own: tuple[str, ...]
    never: tuple[str, ...] = ()


WINGS = {
    "service/model": Wing(("service.model",), HTTP),
    "service/api": Wing(("service.model", "service.api", "service.__version__"), ("uvicorn", "httptools", "uvloop")),
    "service/server": Wing(("service.model", "service.api", "service.server", "service.settings")),
    "service": Wing(("service.model", "service.api", "service.server", *TOP_OF_SERVICE)),
    "export/data": Wing(("service.model.keys", "export.data", *EVERYWHERE)),
    "export/learn": Wing(("service.model.keys", *STAGES[:2], *EVERYWHERE)),
    "export/graph": Wing(("service.model.keys", *STAGES, *EVERYWHERE)),
    "export/upkeep": Wing(("service.model.keys", *STAGES, *TOP_OF_EXPORT, "export.upkeep", *EVERYWHERE)),
    "export/tried": Wing(("service.model.keys", *STAGES[:2], "export.tried", *EVERYWHERE)),
    "export/report": Wing(
        ("service.model.keys", *STAGES, *TOP_OF_EXPORT, "export.tried", "export.report", *EVERYWHERE)
    ),
    "export/commands": Wing(("service.model.keys", "export")),
    "export/__main__.py": Wing(("export.commands", *EVERYWHERE)),
    "export": Wing(("service.model.keys", *STAGES, *TOP_OF_EXPORT, *EVERYWHERE)),
    "bulk/reading": Wing(("bulk.errors", "bulk.reading", "bulk.scoring.columns", *OF_BULK)),
    "bulk/scoring": Wing(("bulk.errors", "bulk.reading", "bulk.scoring", "service.api.errors", *OF_BULK)),
    "bulk/writing": Wing(("bulk.errors", "bulk.scoring", "bulk.writing", *OF_BULK)),
    "bulk": Wing(("bulk", "service.settings", "service.__version__", *OF_BULK)),
    "bench": Wing(("bench", "bulk", "service", "export.style", "export.progress", "export.errors", "export.files")),
}
"""The nearest entry above a file holds for it. An import that points back is in no entry, so there are no circles."""

FILES = sorted(path.relative_to(ROOT) for package in OURS for path in (ROOT / package).rglob("*.py"))


def wing_of(path: Path) -> Wing:
    return next(WINGS[str(each)] for each in (path, *path.parents) if str(each) in WINGS)


def imports(source: bytes) -> set[str]:
    """Every module that a source imports, `from a import b` as `a.b`."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "a relative import"
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return found


def within(name: str, packages: tuple[str, ...]) -> bool:
    return any(name == package or name.startswith(package + ".") for package in packages)


def forbidden(path: Path, source: bytes) -> set[str]:
    """What a file at `path` imports though its wing may not."""
    wing = wing_of(path)
    offline = TRAINING if path.parts[0] == "service" else ()
    return {
        name
        for name in imports(source)
        if (within(name, OURS) and not within(name, wing.own)) or within(name, (*wing.never, *offline))
    }


@pytest.mark.parametrize("path", FILES, ids=str)
def test_imports_point_one_way(path: Path) -> None:
    assert forbidden(path, (ROOT / path).read_bytes()) == set()


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("service/model/predictor.py", "from service.api.contract import FIELDS"),
        ("service/model/predictor.py", "from service.server.metrics import Metrics"),
        ("service/model/explain.py", "from starlette.requests import Request"),
        ("service/model/bundle.py", "import socket"),
        ("service/api/contract.py", "from service.server.metrics import Metrics"),
        ("service/api/pages.py", "from service.settings import ROOT"),
        ("service/api/v2/routes.py", "import uvicorn"),
        ("service/server/lane/protocol.py", "from service.app import create_app"),
        ("service/server/lane/native.py", "from service.native import lane_of"),
        ("service/api/flights/batch.py", "from service import native"),
        ("service/app.py", "from export.data import flights"),
        ("service/model/scorer.py", "import onnx"),
        ("export/data/flights.py", "from export.learn.tables import Table"),
        ("export/learn/train.py", "from export.graph import convert"),
        ("export/graph/verify.py", "from export import bundle"),
        ("export/tried/models.py", "from export.report import study"),
        ("export/upkeep/drift.py", "from export.commands import judge"),
        ("export/assemble.py", "from export.upkeep import drift"),
        ("export/learn/tables.py", "from service.model.bundle import Table"),
        ("export/bundle.py", "import bench.rows"),
        ("bench/rows.py", "from export.data import flights"),
        ("service/__main__.py", "import bench"),
        ("service/app.py", "import bulk"),
        ("bulk/scoring/job.py", "from bulk.writing.part import Part"),
        ("bulk/workers.py", "from service.server.metrics import Metrics"),
        ("bulk/run.py", "from export.upkeep import drift"),
    ],
)
def test_an_import_that_points_back_is_found(path: str, line: str) -> None:
    assert forbidden(Path(path), line.encode())


@pytest.mark.parametrize("path", FILES, ids=str)
def test_no_module_takes_another_ones_underscore_names(path: Path) -> None:
    taken = {name for name in imports((ROOT / path).read_bytes()) if within(name, OURS)}
    assert not {name for name in taken if name.split(".")[-1].startswith("_") and not name.endswith("__version__")}


@pytest.mark.parametrize("package", ["service", "export", "bulk"])
def test_files_and_folders_stay_small(package: str) -> None:
    sources = [path for path in FILES if path.parts[0] == package]
    assert {str(path) for path in sources if len((ROOT / path).read_text().splitlines()) > 250} == set()
    folders = {path.parent for path in sources}
    crowded = {str(each): len([f for f in (ROOT / each).iterdir() if f.is_file()]) for each in folders}
    assert {folder for folder, count in crowded.items() if count > 10} == set()


def test_nothing_is_ever_unpickled() -> None:
    for path in FILES:
        assert not any(
            within(name, ("pickle", "joblib", "shelve", "dill")) for name in imports((ROOT / path).read_bytes())
        )


def test_a_running_service_holds_no_training_library() -> None:
    code = "import sys, service.__main__, service.app; print(*sys.modules)"
    printed = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert not {name for name in printed.split() if within(name, ("export", "bench", "bulk", *TRAINING))}
