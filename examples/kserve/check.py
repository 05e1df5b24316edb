"""Reads a manifest into KServe's own types and refuses what they do not have: python check.py [manifest.yaml]."""

import re
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import kserve
import yaml
from kubernetes import client


def hold(value: Any, kind: str, at: str) -> None:
    """`value` has only fields that the type `kind` has, all the way down. Raises ValueError."""
    if found := re.fullmatch(r"list\[(.+)\]", kind):
        for number, each in enumerate(value):
            hold(each, found.group(1), f"{at}[{number}]")
    elif found := re.fullmatch(r"dict\(str, (.+)\)", kind):
        for name, each in value.items():
            hold(each, found.group(1), f"{at}.{name}")
    elif model := getattr(kserve, kind, None) or getattr(client, kind, None):
        names = {field: name for name, field in model.attribute_map.items()}
        for field, each in value.items():
            if field not in names:
                raise ValueError(f"{at}: {kind} has no field {field!r}")
            hold(each, model.openapi_types[names[field]], f"{at}.{field}")
    elif kind == "str" and not isinstance(value, str):
        raise ValueError(f"{at}: {value!r} should be a text")
    elif kind == "int" and not isinstance(value, int):
        raise ValueError(f"{at}: {value!r} should be a whole number")


def main(path: Path) -> None:
    manifest = yaml.safe_load(path.read_text(encoding="utf-8"))
    hold(manifest, "V1beta1InferenceService", manifest["kind"])
    print(f"{path.name}: every field is one of KServe {version('kserve')}")


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).with_name("pipeline.yaml"))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, yaml.YAMLError) as error:
        sys.exit(f"{type(error).__name__}: {error}")
