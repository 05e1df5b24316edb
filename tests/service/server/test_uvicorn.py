"""What the service takes from uvicorn, much of which is promised to nobody: each name is there in the installed one."""

import ast
import importlib
import inspect
import re
import tomllib
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from uvicorn.lifespan.on import LifespanOn
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import Config, Server, ServerState

ROOT = Path(__file__).resolve().parents[3]
TREES = {path: ast.parse(path.read_bytes()) for path in sorted((ROOT / "service").rglob("*.py"))}
BEHIND: dict[str, type] = {
    "flow": FlowControl,
    "cycle": RequestResponseCycle,
    "server_state": ServerState,
    "config": Config,
    "lifespan": LifespanOn,
}
"""What is behind an attribute of uvicorn's classes."""

REPLACED = [(Server, name) for name in ("capture_signals", "startup", "on_tick", "shutdown")]
"""What uvicorn calls of ours: by another name it would call its own."""


class Ours(NamedTuple):
    """A class of the service: its bases, the names that it has itself, and those that it uses of itself."""

    bases: list[str]
    own: set[str]
    used: set[str]
    used_behind: set[tuple[str, str]]


def imported() -> set[tuple[str, str]]:
    """Each name that the service imports from uvicorn, with its module."""
    return {
        (node.module, alias.name)
        for tree in TREES.values()
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "uvicorn"
        for alias in node.names
    }


def is_self(node: ast.expr) -> bool:
    return ast.unparse(node) in ("self", "super()")


def read(node: ast.ClassDef) -> Ours:
    parts = [each for each in ast.walk(node) if isinstance(each, ast.Attribute)]
    mine = [each for each in parts if is_self(each.value)]
    own = {each.attr for each in mine if isinstance(each.ctx, ast.Store)}
    for each in node.body:
        if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef):
            own.add(each.name)
        elif isinstance(each, ast.Assign | ast.AnnAssign):
            targets = each.targets if isinstance(each, ast.Assign) else [each.target]
            own.update(ast.unparse(target) for target in targets)
    used = {each.attr for each in mine if isinstance(each.ctx, ast.Load)} - own
    used |= {each.attr for each in mine if ast.unparse(each.value) == "super()"} - {"__init__"}
    behind = {
        (each.value.attr, each.attr)
        for each in parts
        if isinstance(each.value, ast.Attribute) and is_self(each.value.value) and each.value.attr in BEHIND
    }
    return Ours([ast.unparse(base) for base in node.bases], own, used, behind)


CLASSES = {
    node.name: read(node) for tree in TREES.values() for node in ast.walk(tree) if isinstance(node, ast.ClassDef)
}
THEIRS: dict[str, type] = {each.__name__: each for each in (HttpToolsProtocol, Server, FlowControl)}


def needs() -> set[tuple[type, str]]:
    """Each name that a class of ours uses of the class of uvicorn that it stands on, or of what is behind that."""
    found: set[tuple[type, str]] = set()
    for ours in CLASSES.values():
        inherited, base = set(ours.own), ours.bases
        while base and base[0] in CLASSES:
            inherited |= CLASSES[base[0]].own
            base = CLASSES[base[0]].bases
        if base and base[0] in THEIRS:
            found |= {(THEIRS[base[0]], name) for name in ours.used - inherited}
            found |= {(THEIRS[base[0]], name) for name in ours.used & set(dir(THEIRS[base[0]]))}
            found |= {(BEHIND[attribute], name) for attribute, name in ours.used_behind}
    return found


def has(kind: type, name: str) -> bool:
    """A class has a name as its own, or its instances get it."""
    sources = (inspect.getsource(each) for each in kind.__mro__ if each.__module__.startswith("uvicorn"))
    return hasattr(kind, name) or any(re.search(rf"self\.{name}\b|^    {name}:", text, re.M) for text in sources)


@pytest.mark.parametrize(("module", "name"), sorted(imported()), ids=lambda each: str(each))
def test_a_name_that_is_imported_is_there(module: str, name: str) -> None:
    assert hasattr(importlib.import_module(module), name)


@pytest.mark.parametrize(
    ("kind", "name"),
    [pytest.param(*each, id=f"{each[0].__name__}.{each[1]}") for each in sorted({*needs(), *REPLACED}, key=str)],
)
def test_a_name_that_a_class_stands_on_is_there(kind: type, name: str) -> None:
    assert has(kind, name)


def test_it_finds_what_is_used() -> None:
    """And would miss what is not there."""
    found: set[tuple[Any, str]] = set(needs())
    assert {(HttpToolsProtocol, "_unset_keepalive_if_required"), (FlowControl, "resume_reading")} < found
    assert (ServerState, "default_headers") in found
    assert (RequestResponseCycle, "response_complete") in found
    assert not has(HttpToolsProtocol, "no_such_name")


def test_a_newer_uvicorn_is_not_installed_unseen() -> None:
    dependencies = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    (uvicorn,) = [each for each in dependencies if each.startswith("uvicorn")]
    assert re.fullmatch(r"uvicorn>=[\d.]+,<[\d.]+", uvicorn)
