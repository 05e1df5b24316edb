"""The command lines, where not all that they need is installed."""

import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable
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
        *(("export --help", each) for each in ("onnx", "click")),
        ("export verify --booster model.txt", "lightgbm"),
        *(("export report --data model.txt", each) for each in ("sklearn", "jinja2")),
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


def test_who_asks_for_help_or_presses_tab_does_not_wait_for_what_takes_seconds_to_import() -> None:
    ended = without("export", "--help", "lightgbm", "sklearn", "scipy", "pandas", "matplotlib")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "train" in ended.stdout


@pytest.mark.parametrize("module", ["export", "bench"])
def test_a_fault_of_our_own_is_not_hidden_as_a_missing_package(module: str) -> None:
    assert "Traceback" in without(module, "--help", "service").stderr


@pytest.mark.parametrize("module", ["service", "export", "bench", "bulk"])
def test_the_version_is_told(module: str) -> None:
    command = [sys.executable, "-m", module, "--version"]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True).stdout
    assert told == f"atraso {tomllib.loads((ROOT / 'pyproject.toml').read_text())['project']['version']}\n"


@pytest.mark.parametrize(("module", "typed", "completed"), [("export", "tra", "train"), ("bench", "lat", "latency")])
def test_the_shell_completes_commands(
    need: Callable[[object, str], None], module: str, typed: str, completed: str
) -> None:
    """The lines of CONTRIBUTING.md, in a bash; then what a Tab there gives."""
    need(shutil.which("bash"), "bash is not installed: the lines for completion are for it")
    (lines,) = re.findall(r"^```bash\n(.*?)^```", (ROOT / "CONTRIBUTING.md").read_text(), re.M | re.S)
    lines = (
        lines.replace(".venv/bin/python", sys.executable).replace("export", module).replace("EXPORT", module.upper())
    )
    tab = f"COMP_WORDS=(atraso-{module} {typed}) COMP_CWORD=1; _atraso_{module}_completion atraso-{module} {typed}"
    command = ["bash", "-c", f'{lines}\n{tab}; echo "${{COMPREPLY[@]}}"']
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert told.stdout == f"{completed}\n", told.stderr


def test_an_install_says_how_the_service_is_run(tmp_path: Path) -> None:
    """`pip install` of the project, without its dependencies: the command that it leaves."""
    source = tmp_path / "source"
    source.mkdir()
    for name in ("pyproject.toml", "atraso.py", "LICENSE"):
        shutil.copy(ROOT / name, source)
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--prefix", tmp_path / "there", source]
    subprocess.run(install, capture_output=True, text=True, timeout=240, check=True)
    (command,) = (tmp_path / "there").rglob("bin/atraso")
    (there,) = (tmp_path / "there").rglob("site-packages")
    told = subprocess.run([command], env={"PYTHONPATH": str(there)}, capture_output=True, text=True, check=False)
    assert told.returncode == 1
    assert "`make serve`" in told.stderr
    assert len(told.stderr.splitlines()) == 1
