"""The alerts as promtool reads them, and whether the service has what they ask for."""

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from service.api.contract import EXAMPLE

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "deploy" / "prometheus"
RULES = yaml.safe_load((FOLDER / "alerts.yaml").read_text())["groups"][0]["rules"]
CASES = yaml.safe_load((FOLDER / "alerts_test.yaml").read_text())["tests"]


@pytest.fixture
def promtool(need: Callable[[object, str], None]) -> Callable[..., str]:
    path = shutil.which("promtool")
    need(path, "promtool is not installed: apt-get install --no-install-recommends prometheus")

    def run(*args: object, given: str = "") -> str:
        command = [str(path), *map(str, args)]
        ended = subprocess.run(command, cwd=FOLDER, input=given, capture_output=True, text=True, check=False)
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return ended.stdout

    return run


@pytest.fixture
def exposed(server: Any) -> str:
    """What /metrics says once every kind of sample is there."""
    server.post("/predict_delay_probability", EXAMPLE)
    server.post("/predict_delay_probability", b"")
    return str(httpx.get(server.url + "/metrics").text)


def test_the_metrics_are_as_they_should_be(promtool: Callable[..., str], exposed: str) -> None:
    assert promtool("check", "metrics", given=exposed) == ""


def test_the_alerts_go_off_and_only_when_they_should(promtool: Callable[..., str]) -> None:
    promtool("check", "rules", "alerts.yaml")
    promtool("test", "rules", "alerts_test.yaml")


def test_every_alert_is_tried_both_ways() -> None:
    tried = {
        (each["alert_rule_test"][0]["alertname"], bool(each["alert_rule_test"][0]["exp_alerts"])) for each in CASES
    }
    assert tried == {(rule["alert"], fires) for rule in RULES for fires in (True, False)}


def test_alerts_ask_for_metrics_that_there_are(exposed: str) -> None:
    assert metrics_of(" ".join(rule["expr"] for rule in RULES)) <= names(exposed)


def test_the_dashboard_asks_for_metrics_that_there_are(
    promtool: Callable[..., str], exposed: str, tmp_path: Path, dashboard: dict[str, Any]
) -> None:
    """And asks in PromQL."""
    exprs = [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", ())]
    assert len(exprs) > 20
    assert metrics_of(" ".join(exprs)) <= names(exposed)
    rules = [
        {"record": f"panel:{n}", "expr": expr.replace("$__rate_interval", "5m").replace("$instance", ".*")}
        for n, expr in enumerate(exprs)
    ]
    file = tmp_path / "panels.yaml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}))
    promtool("check", "rules", file)


def test_every_alert_is_in_the_handbook() -> None:
    page = (ROOT / "docs" / "operations.md").read_text()
    headings = {title.lower() for title in re.findall(r"^#+ (\S+)$", page, re.M)}
    assert {rule["alert"].lower() for rule in RULES} <= headings
    for rule in RULES:
        assert rule["annotations"]["runbook"] == f"docs/operations.md#{rule['alert'].lower()}"


@pytest.fixture
def dashboard() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((ROOT / "deploy" / "grafana" / "dashboard.json").read_bytes())
    return found


def test_panels_do_not_lie_on_each_other(dashboard: dict[str, Any]) -> None:
    cells = [
        (x, y)
        for panel in dashboard["panels"]
        for place in [panel["gridPos"]]
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]
    assert len(set(cells)) == len(cells)
    assert max(x for x, _ in cells) < 24
    assert len({panel["id"] for panel in dashboard["panels"]}) == len(dashboard["panels"])


def metrics_of(text: str) -> set[str]:
    return set(re.findall(r"\batraso_\w+", text))


def names(exposed: str) -> set[str]:
    return set(re.findall(r"^(atraso_\w+)", exposed, re.M))
