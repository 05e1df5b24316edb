"""What says whether a file of `deploy/` is right: the schemas and linters of those who will read it, none of ours.

Each takes the folder that the project is in and returns what is wrong. Schemas that no package for Python has come from
the Go modules of what defines them.
"""

import json
import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import kubernetes_validate
import yaml
from jsonschema import Draft202012Validator

KUBERNETES = ("1.31", "1.37")
GATEWAY = ("sigs.k8s.io/gateway-api@v1.3.0", "config/crd/standard/gateway.networking.k8s.io_httproutes.yaml")
KSERVE = ("github.com/kserve/kserve@v0.15.2", "config/crd/full/serving.kserve.io_inferenceservices.yaml")
CLOUD_RUN = ("google.golang.org/api@v0.250.0", "run/v1/run-api.json")
CLOUD_BUILD = ("google.golang.org/api@v0.250.0", "cloudbuild/v1/cloudbuild-api.json")
OVERLAYS = ("base", "volume", "canary", "shadow")
FILLED = {"IMAGE": "registry/atraso@sha256:0", "REVISION": "0a1b2c", "SERVING": "atraso-old", "PROJECT": "project"}
"""What release.sh puts in place of the words in capitals."""


class NotInstalledError(Exception):
    """A tool is missing; says how to get it."""


def tool(name: str, how: str) -> str:
    folders = [Path(sys.executable).parent, Path.home() / "go" / "bin"]
    found = shutil.which(name) or shutil.which(name, path=os.pathsep.join(map(str, folders)))
    if not found:
        raise NotInstalledError(f"{name} is not installed: {how}")
    return found


def said(*command: str | Path, folder: Path) -> list[str]:
    ended = subprocess.run([*map(str, command)], cwd=folder, capture_output=True, text=True, check=False)
    return [] if ended.returncode == 0 else [f"{ended.stdout}{ended.stderr}"]


@cache
def of_module(module: str, path: str) -> bytes:
    """A file of a Go module, which Go's checksum database vouches for."""
    command = [tool("go", "https://go.dev/doc/install"), "mod", "download", "-json", module]
    told = subprocess.run(command, cwd="/", capture_output=True, text=True, timeout=300, check=False).stdout
    if "Dir" not in (answer := json.loads(told or "{}")):
        raise NotInstalledError(f"the Go module {module} cannot be had: {answer.get('Error')}")
    return Path(answer["Dir"], path).read_bytes()


def strict(schema: Any) -> Any:
    """The schema that refuses fields it does not name, as neither of the two kinds here does by itself."""
    if isinstance(schema, list):
        return [strict(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    made = {name: strict(value) for name, value in schema.items() if name not in ("format", "pattern", "$ref")}
    if reference := schema.get("$ref"):
        made["$ref"] = f"#/schemas/{reference}"
    if isinstance(schema.get("properties"), dict) and not schema.get("x-kubernetes-preserve-unknown-fields"):
        made.setdefault("additionalProperties", False)
    if schema.get("x-kubernetes-int-or-string"):
        made = {"type": ["integer", "string"]}
    return made


@cache
def of_resource(module: str, path: str) -> Draft202012Validator:
    """A custom resource's schema."""
    (version, *_) = yaml.load(of_module(module, path), yaml.CSafeLoader)["spec"]["versions"]
    return Draft202012Validator(strict(version["schema"]["openAPIV3Schema"]))


@cache
def of_google(module: str, path: str, name: str) -> Draft202012Validator:
    """The schema that one of Google's APIs publishes for its clients."""
    schemas = json.loads(of_module(module, path))["schemas"]
    return Draft202012Validator({"$ref": f"#/schemas/{name}", "schemas": {n: strict(s) for n, s in schemas.items()}})


def problems(validator: Draft202012Validator, document: Any) -> list[str]:
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(document)]


def loaded(text: str) -> list[Any]:
    return [*yaml.safe_load_all(text)]


def kubernetes(root: Path) -> list[str]:
    """Of the first overlay that has any."""
    return next(filter(None, (one_overlay(root, overlay) for overlay in OVERLAYS)), [])


def one_overlay(root: Path, overlay: str) -> list[str]:
    try:
        documents = built(root, overlay)
    except subprocess.CalledProcessError as error:
        return [error.stderr]
    found = []
    for document in documents:
        if document["kind"] == "HTTPRoute":
            found += problems(of_resource(*GATEWAY), document)
            continue
        for version in KUBERNETES:
            try:
                kubernetes_validate.validate(document, version, strict=True)
            except (kubernetes_validate.ValidationError, kubernetes_validate.SchemaNotFoundError) as error:
                found.append(str(error))
    return found


def built(root: Path, overlay: str) -> list[Any]:
    """What kustomize makes of a folder."""
    try:
        command = [tool("kubectl", ""), "kustomize"]
    except NotInstalledError:
        command = [tool("kustomize", "go install sigs.k8s.io/kustomize/kustomize/v5@v5.7.1"), "build"]
    folder = root / "deploy" / "kubernetes" / overlay
    made = subprocess.run([*command, str(folder)], capture_output=True, text=True, check=True)
    return loaded(made.stdout)


def kserve(root: Path) -> list[str]:
    (document,) = loaded((root / "deploy/kserve/inferenceservice.yaml").read_text())
    return problems(of_resource(*KSERVE), document)


def cloud_run(root: Path) -> list[str]:
    text = (root / "deploy/cloudrun/service.yaml").read_text()
    for word, value in FILLED.items():
        text = text.replace(word, value)
    (document,) = loaded(text)
    notes = document["metadata"]["annotations"] | document["spec"]["template"]["metadata"]["annotations"]
    known = of_module(*CLOUD_RUN).decode()
    unknown = [f"{note}: no annotation of Cloud Run's" for note in notes if note not in known]
    return problems(of_google(*CLOUD_RUN, "Service"), document) + unknown


def cloud_build(root: Path) -> list[str]:
    (document,) = loaded((root / "cloudbuild.yaml").read_text())
    return problems(of_google(*CLOUD_BUILD, "Build"), document)


def compose(root: Path) -> list[str]:
    command = tool("check-jsonschema", "make dev")
    return said(command, "--builtin-schema", "vendor.compose-spec", "compose.yaml", folder=root)


def dockerfile(root: Path) -> list[str]:
    return said(tool("hadolint", "make dev"), "Dockerfile", folder=root)


def workflows(root: Path) -> list[str]:
    install = "go install github.com/rhysd/actionlint/cmd/actionlint@v1.7.12"
    files = sorted((root / ".github" / "workflows").glob("*.yml"))
    syntax = said(tool("actionlint", install), *files, folder=root)
    zizmor = tool("zizmor", "make dev")
    return syntax + said(zizmor, "--offline", "--no-progress", "--persona=pedantic", *files, folder=root)


def alerts(root: Path) -> list[str]:
    promtool = tool("promtool", "apt-get install --no-install-recommends prometheus")
    return said(promtool, "test", "rules", "alerts_test.yaml", folder=root / "deploy" / "prometheus")


def scripts(root: Path) -> list[str]:
    files = ("deploy/smoke.sh", "deploy/cloudrun/release.sh")
    return [problem for file in files for problem in said("bash", "-n", file, folder=root)]
