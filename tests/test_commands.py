"""The command lines, where not all that they need is installed."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
WITHOUT = """
import runpy, sys

_, module, words, *packages = sys.argv

class Without:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in packages:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Without())
sys.argv[1:] = words.split()
runpy.run_module(module, run_name="__main__", alter_sys=True)
"""


def without(module: str, words: str, *packages: str) -> subprocess.CompletedProcess[str]:
    """`python -m module words` where some packages are not installed."""
    command = [sys.executable, "-c", WITHOUT, module, words, *packages]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize(
    ("words", "package"),
    [
        *(("export --help", each) for each in ("onnx", "onnxmltools", "lightgbm", "sklearn", "click")),
        ("export report --data model.txt", "jinja2"),
        ("bench --help", "click"),
        ("bench report", "matplotlib"),
    ],
)
def test_a_package_that_is_not_installed_is_told_with_the_command_that_does(words: str, package: str) -> None:
    module, words = words.split(" ", 1)
    ended = without(module, words, package)
    assert ended.returncode == 1
    assert ended.stderr == (
        f"atraso: the package {package} is not here; `make dev`, then `.venv/bin/python -m {module}`, has it\n"
    )


def test_after_make_serve_alone_export_says_what_is_missing() -> None:
    ended = without(
        "export", "--help", "onnx", "onnxmltools", "lightgbm", "sklearn", "matplotlib", "pandas", "jinja2", "optuna"
    )
    assert ended.returncode == 1
    assert "`make dev`" in ended.stderr
    assert len(ended.stderr.splitlines()) == 1


@pytest.mark.parametrize("module", ["export", "bench"])
def test_a_fault_of_our_own_is_not_hidden_as_a_missing_package(module: str) -> None:
    assert "Traceback" in without(module, "--help", "service").stderr
