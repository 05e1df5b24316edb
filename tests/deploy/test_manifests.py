"""Every file of `deploy/` is right by the schema or linter of its reader, which find a mistake in each of them."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from service.settings import Settings
from tests.deploy import validators

ROOT = Path(__file__).resolve().parents[2]
CI, DEPLOY = ".github/workflows/ci.yml", ".github/workflows/deploy.yml"
K8S = "deploy/kubernetes"
CHECKS = {
    validators.dockerfile: ("Dockerfile",),
    validators.compose: ("compose.yaml",),
    validators.workflows: (CI, DEPLOY),
    validators.cloud_run: ("deploy/cloudrun/service.yaml",),
    validators.cloud_build: ("cloudbuild.yaml",),
    validators.kubernetes: tuple(str(path.relative_to(ROOT)) for path in sorted((ROOT / K8S).rglob("*.yaml"))),
    validators.kserve: ("deploy/kserve/inferenceservice.yaml",),
    validators.alerts: ("deploy/prometheus/alerts.yaml",),
    validators.scripts: ("deploy/smoke.sh", "deploy/cloudrun/release.sh"),
}

MISTAKES = [
    ("Dockerfile", "USER 10001:10001", "USER 10001:10001\nMAINTAINER nobody"),
    ("Dockerfile", "WORKDIR /build", "WORKDIR build"),
    ("Dockerfile", "FROM python:3.13.9-slim-bookworm", "FROM python"),
    ("compose.yaml", "read_only: true", "readonly: true"),
    ("compose.yaml", "pids_limit: 64", "pids_limit: [64]"),
    (CI, "runs-on: ubuntu-24.04", "run-on: ubuntu-24.04"),
    (CI, "actions/checkout@de0fac2e4500dabe0009e67214ff5f5447ce83dd # v6.0.2", "actions/checkout@v6"),
    (CI, "permissions: {}", ""),
    (CI, "persist-credentials: false", "fetch-depth: 1"),
    (DEPLOY, "needs: ci", "needs: nothing"),
    (DEPLOY, "${GITHUB_SHA::12}", "${{ github.event.head_commit.message }}"),
    (DEPLOY, "id-token: write", "id-token: perhaps"),
    ("deploy/cloudrun/service.yaml", "containerConcurrency: 250", 'containerConcurrency: "250"'),
    ("deploy/cloudrun/service.yaml", "startupProbe:", "startProbe:"),
    ("deploy/cloudrun/service.yaml", "startup-cpu-boost", "startup-boost"),
    ("deploy/cloudrun/service.yaml", "percent: 100", "percentage: 100"),
    ("cloudbuild.yaml", "entrypoint: deploy", "entry: deploy"),
    ("cloudbuild.yaml", "dynamicSubstitutions: true", "dynamicSubstitutions: perhaps"),
    (f"{K8S}/base/kustomization.yaml", "- service.yaml", "- services.yaml"),
    (f"{K8S}/base/namespace.yaml", "metadata:", "meta:"),
    (f"{K8S}/base/service.yaml", "targetPort: http", "target: http"),
    (f"{K8S}/base/autoscaler.yaml", "averageUtilization: 60", "averageUtilization: 60%"),
    (f"{K8S}/base/disruption.yaml", "policy/v1", "policy/v1beta2"),
    (f"{K8S}/base/network.yaml", "{ port: http }", "{ ports: http }"),
    (f"{K8S}/base/network.yaml", "podSelector:\n    matchLabels", "podSelector:\n    labels"),
    (f"{K8S}/workload/kustomization.yaml", "images:", "image:"),
    (f"{K8S}/workload/deployment.yaml", "readOnlyRootFilesystem", "readonlyRootFilesystem"),
    (f"{K8S}/workload/deployment.yaml", "failureThreshold: 30", "failureThreshold: often"),
    (f"{K8S}/workload/deployment.yaml", "enableServiceLinks: false", "enableServiceLink: false"),
    (f"{K8S}/volume/kustomization.yaml", "path: deployment.yaml", "path: none.yaml"),
    (f"{K8S}/volume/claim.yaml", "accessModes", "accessMode"),
    (f"{K8S}/volume/deployment.yaml", "name: atraso\n  namespace", "name: other\n  namespace"),
    (f"{K8S}/volume/deployment.yaml", "readOnly: true }", "readonly: true }"),
    (f"{K8S}/canary/kustomization.yaml", "path: /metadata/name", "path: /metadata/nome"),
    (f"{K8S}/canary/service.yaml", "port: 80", 'port: "80"'),
    (f"{K8S}/canary/route.yaml", "weight: 95", "weight: most"),
    (f"{K8S}/canary/route.yaml", "parentRefs", "parents"),
    (f"{K8S}/shadow/kustomization.yaml", "requestMirror:", "mirror:"),
    (f"{K8S}/shadow/kustomization.yaml", "RequestMirror", "RequestCopy"),
    ("deploy/kserve/inferenceservice.yaml", "canaryTrafficPercent: 100", "canaryPercent: 100"),
    ("deploy/kserve/inferenceservice.yaml", "containerPort: 8080", "containerPort: http"),
    ("deploy/prometheus/alerts.yaml", 'status="500"', 'status="501"'),
    ("deploy/smoke.sh", "expect() {", "expect() {{"),
    ("deploy/cloudrun/release.sh", "fi\n", "\n"),
]


def found(check: Callable[[Path], list[str]], root: Path, need: Callable[[object, str], None]) -> list[str]:
    try:
        return check(root)
    except validators.NotInstalledError as error:
        need(False, str(error))
        raise


def checks_of(file: str) -> Callable[[Path], list[str]]:
    return next(check for check, files in CHECKS.items() if file in files)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_all_is_right(check: Callable[[Path], list[str]], need: Callable[[object, str], None]) -> None:
    assert found(check, ROOT, need) == []


@pytest.mark.parametrize(("file", "right", "wrong"), MISTAKES)
def test_a_mistake_is_found(
    file: str, right: str, wrong: str, need: Callable[[object, str], None], tmp_path: Path
) -> None:
    for name in ("deploy", ".github", "Dockerfile", "compose.yaml", "cloudbuild.yaml"):
        (shutil.copytree if (ROOT / name).is_dir() else shutil.copy)(ROOT / name, tmp_path / name)
    text = (tmp_path / file).read_text()
    assert right in text
    (tmp_path / file).write_text(text.replace(right, wrong))
    assert found(checks_of(file), tmp_path, need) != []


def test_a_mistake_is_tried_in_every_file() -> None:
    assert {file for file, _, _ in MISTAKES} == {file for files in CHECKS.values() for file in files}
    paths = [*(ROOT / "deploy").rglob("*"), *(ROOT / ".github").rglob("*")]
    files = {str(path.relative_to(ROOT)) for path in paths if path.is_file() and "__pycache__" not in path.parts}
    elsewhere = {"deploy/image/root.py", "deploy/grafana/dashboard.json", "deploy/prometheus/alerts_test.yaml"}
    assert files <= {file for files in CHECKS.values() for file in files} | elsewhere


@pytest.fixture(scope="module")
def made(need: Callable[[object, str], None]) -> dict[str, dict[str, Any]]:
    """What kustomize makes of each overlay, by kind."""
    try:
        return {name: {each["kind"]: each for each in validators.built(ROOT, name)} for name in validators.OVERLAYS}
    except validators.NotInstalledError as error:
        need(False, str(error))
        raise


def pod(deployment: dict[str, Any]) -> dict[str, Any]:
    template: dict[str, Any] = deployment["spec"]["template"]
    return template


def test_every_service_finds_its_own_pods_alone(made: dict[str, dict[str, Any]]) -> None:
    labels = {name: pod(made[name]["Deployment"])["metadata"]["labels"] for name in ("base", "canary")}
    assert labels["base"] != labels["canary"]
    for overlay in ("base", "canary"):
        for other in ("base", "canary"):
            selects = made[overlay]["Service"]["spec"]["selector"].items() <= labels[other].items()
            assert selects == (overlay == other)
        selector = made[overlay]["Deployment"]["spec"]["selector"]["matchLabels"]
        assert selector.items() <= labels[overlay].items()
        for kind, field in (("NetworkPolicy", "podSelector"), ("PodDisruptionBudget", "selector")):
            assert made["base"][kind]["spec"][field]["matchLabels"].items() <= labels[overlay].items()
    target = made["base"]["HorizontalPodAutoscaler"]["spec"]["scaleTargetRef"]
    assert target["name"] == made["base"]["Deployment"]["metadata"]["name"]


@pytest.mark.parametrize("overlay", validators.OVERLAYS)
def test_pods_have_no_rights(made: dict[str, dict[str, Any]], overlay: str) -> None:
    spec = pod(made[overlay]["Deployment"])["spec"]
    (container,) = spec["containers"]
    assert (spec["enableServiceLinks"], spec["automountServiceAccountToken"]) == (False, False)
    assert spec["securityContext"]["runAsNonRoot"] is True
    user = next(line.split()[1] for line in (ROOT / "Dockerfile").read_text().splitlines() if line.startswith("USER"))
    assert f"{spec['securityContext']['runAsUser']}:{spec['securityContext']['runAsGroup']}" == user
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


def test_whoever_is_told_to_end_gets_the_time(made: dict[str, dict[str, Any]]) -> None:
    spec = pod(made["base"]["Deployment"])["spec"]
    env = {each["name"]: each["value"] for each in spec["containers"][0]["env"]}
    settings = Settings()
    assert spec["terminationGracePeriodSeconds"] > int(env["ATRASO_UNREADY"]) + settings.shutdown_timeout
    text = (ROOT / "compose.yaml").read_text()
    assert int(re.search(r"stop_grace_period: (\d+)s", text)[1]) > settings.shutdown_timeout  # type: ignore[index]


def test_every_variable_is_one_of_the_services() -> None:
    known = {"ATRASO_" + name.upper() for name in Settings.__dataclass_fields__}
    for path in [*(ROOT / "deploy").rglob("*.yaml"), ROOT / "compose.yaml"]:
        assert set(re.findall(r"\bATRASO_\w+(?=, value|: \")", path.read_text())) <= known, path


def test_actions_are_pinned_and_nothing_is_allowed_that_is_not_needed() -> None:
    for name in (CI, DEPLOY):
        text = (ROOT / name).read_text()
        used = [each for each in re.findall(r"uses: (\S+)", text) if not each.startswith("./")]
        assert all(re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", each) for each in used), used
        workflow = yaml.safe_load(text)
        assert workflow["permissions"] == {}
        allowed = {job: set(each["permissions"].items()) for job, each in workflow["jobs"].items()}
        assert allowed.pop("deploy", set()) <= {("contents", "read"), ("id-token", "write")}
        assert all(rights == {("contents", "read")} for rights in allowed.values())
