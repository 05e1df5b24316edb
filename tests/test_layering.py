"""The bundle is the only interface between offline and online: imports point one way."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
OURS = {"service", "export", "bench", "bulk"}
TRAINING = {"lightgbm", "onnx", "onnxmltools", "sklearn", "pandas", "scipy", "matplotlib", "xgboost"}


def imports(path: Path) -> set[str]:
    """Every module that a file imports, `from a import b` as `a.b` too."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return found


def files(package: str) -> list[Path]:
    found = sorted((ROOT / package).rglob("*.py"))
    assert found
    return found


@pytest.mark.parametrize("path", files("service"), ids=str)
def test_service_imports_nothing_of_the_offline_side(path: Path) -> None:
    packages = {name.split(".")[0] for name in imports(path)}
    assert not packages & (OURS - {"service"} | TRAINING)


@pytest.mark.parametrize("path", files("export"), ids=str)
def test_export_imports_only_the_keys_of_service(path: Path) -> None:
    assert all(name.startswith("service.model.keys") for name in imports(path) if name.split(".")[0] == "service")
    assert not {name.split(".")[0] for name in imports(path)} & {"bench", "bulk"}


def test_nothing_is_ever_unpickled() -> None:
    for package in ("service", "export"):
        for path in files(package):
            assert not {name.split(".")[0] for name in imports(path)} & {"pickle", "joblib", "shelve", "dill"}


def test_a_running_service_holds_no_training_library() -> None:
    code = "import sys, service.__main__, service.app; print(*sys.modules)"
    printed = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert not {name.split(".")[0] for name in printed.split()} & (OURS - {"service"} | TRAINING)
