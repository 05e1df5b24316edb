"""The files of the project that are no code."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def constrained() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    return dict(line.split("==") for line in lines if line and not line.startswith("#"))


def test_constraints_hold_names_and_versions_only() -> None:
    text = (ROOT / "constraints.txt").read_text()
    assert "://" not in text
    for line in text.splitlines():
        assert re.fullmatch(r"[A-Za-z0-9._-]+==[0-9][A-Za-z0-9.]*|#.*", line), line


def test_every_dependency_is_pinned() -> None:
    groups = [items for name, items in PROJECT["dependency-groups"].items() if name != "beam"]
    wanted = [*PROJECT["project"]["dependencies"], *(item for group in groups for item in group)]
    names = {re.split(r"[><=;\[ ]", item)[0].lower() for item in wanted if isinstance(item, str)}
    assert names <= {name.lower() for name in constrained()}


def test_beam_s_environment_is_pinned() -> None:
    text = (ROOT / "bulk" / "beam-constraints.txt").read_text()
    assert "://" not in text
    pinned = dict(line.split("==") for line in text.splitlines() if not line.startswith("#"))
    assert {re.split("[>=]", item)[0] for item in PROJECT["dependency-groups"]["beam"]} <= pinned.keys()
    ours = constrained()
    for name in ("click", "numpy", "onnxruntime", "orjson"):
        assert pinned[name] == ours[name]


def test_the_serving_install_is_what_was_agreed() -> None:
    names = {re.split(r"[><=;\[ ]", item)[0] for item in PROJECT["project"]["dependencies"]}
    assert names == {"click", "httptools", "numpy", "onnxruntime", "orjson", "starlette", "uvicorn", "uvloop"}


def test_every_make_target_is_one_line() -> None:
    makefile = (ROOT / "Makefile").read_text()
    for target in ("serve", "dev", "test", "check", "export", "bench"):
        recipe = re.search(rf"^{target}:.*\n((?:\t.*\n)+)", makefile, re.M)
        assert recipe, target
        assert recipe.group(1).count("\n") == 1, target


def test_before_a_commit_runs_what_make_check_runs() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"][0]["hooks"]
    recipe = (re.search(r"^check:.*\n\t(.*)", (ROOT / "Makefile").read_text(), re.M) or [""])[1]
    programs = [" ".join(hook["entry"].split()[: 2 if "ruff" in hook["entry"] else 1]) for hook in hooks]
    assert [command.split(" .")[0].split(" --")[0] for command in recipe.split(" && ")] == [*programs]


def test_whoever_comes_finds_how_to_help_and_how_to_report() -> None:
    assert "make dev" in (ROOT / "CONTRIBUTING.md").read_text()
    assert "Report a vulnerability" in (ROOT / "SECURITY.md").read_text()


def test_the_dockerfile_is_clean() -> None:
    ended = subprocess.run(
        [str(Path(sys.executable).with_name("hadolint")), "Dockerfile"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
