"""What release.sh does, with a few lines in place of Google's command line that remember what they were told."""

import os
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
GCLOUD = """#!/usr/bin/env bash
echo "$*" >>"$FOLDER/told"
case "$*" in
  *"services list"*) cat "$FOLDER/exists" ;;
  *"services replace"*) cp "$4" "$FOLDER/manifest.yaml" ;;
  *percent,*) printf '10,atraso-canary\\n90,atraso-before\\n' ;;
  *tag,*) printf ',\\ncandidate,%s\\n' "$CANDIDATE" ;;
  *status.url*) echo "$SERVICE" ;;
  *update-traffic*) ;;
  *) echo "gcloud: $*" >&2; exit 2 ;;
esac
"""


@pytest.fixture
def release(tmp_path: Path) -> Callable[..., tuple[subprocess.CompletedProcess[str], list[str]]]:
    """Runs it; returns what it ended with, and the changes of traffic."""
    gcloud = tmp_path / "gcloud"
    gcloud.write_text(GCLOUD)
    gcloud.chmod(gcloud.stat().st_mode | stat.S_IXUSR)

    def run(candidate: str, service: str, exists: str = "atraso") -> Any:
        (tmp_path / "exists").write_text(exists)
        env = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "FOLDER": str(tmp_path), "SMOKE_SECONDS": "1"}
        env |= {"PROJECT": "a-project", "REGION": "a-region", "CANDIDATE": candidate, "SERVICE": service}
        ended = subprocess.run(
            [ROOT / "deploy/cloudrun/release.sh", "registry/atraso@sha256:12", "0a1b2c"],
            env=env,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        told = (tmp_path / "told").read_text().splitlines()
        assert all("--project a-project --region a-region" in line for line in told)
        return ended, [line.split()[-1] for line in told if "update-traffic" in line]

    return run


NOWHERE = "http://127.0.0.1:9"


def test_what_is_well_gets_the_traffic(server: Any, release: Callable[..., Any], tmp_path: Path) -> None:
    ended, traffic = release(server.url, server.url)
    assert ended.returncode == 0, ended.stderr
    assert traffic == ["atraso-0a1b2c=100"]
    manifest = yaml.safe_load((tmp_path / "manifest.yaml").read_text())
    assert manifest["spec"]["template"]["metadata"]["name"] == "atraso-0a1b2c"
    spec = manifest["spec"]["template"]["spec"]
    assert spec["containers"][0]["image"] == "registry/atraso@sha256:12"
    assert spec["serviceAccountName"] == "atraso-runner@a-project.iam.gserviceaccount.com"
    assert manifest["spec"]["traffic"] == [
        {"revisionName": "atraso-before", "percent": 100},
        {"revisionName": "atraso-0a1b2c", "percent": 0, "tag": "candidate"},
    ]


def test_what_is_not_well_gets_none(server: Any, release: Callable[..., Any]) -> None:
    ended, traffic = release(NOWHERE, server.url)
    assert ended.returncode == 1
    assert traffic == []
    assert "atraso-0a1b2c is not well and got no traffic; atraso-before serves" in ended.stderr


def test_it_goes_back_where_the_service_is_not_well_then(server: Any, release: Callable[..., Any]) -> None:
    ended, traffic = release(server.url, NOWHERE)
    assert ended.returncode == 1
    assert traffic == ["atraso-0a1b2c=100", "atraso-before=100"]
    assert "atraso-before serves again" in ended.stderr


def test_the_first_time_nothing_serves_before(server: Any, release: Callable[..., Any], tmp_path: Path) -> None:
    ended, traffic = release(server.url, server.url, exists="")
    assert (ended.returncode, traffic) == (0, ["atraso-0a1b2c=100"])
    manifest = yaml.safe_load((tmp_path / "manifest.yaml").read_text())
    assert manifest["spec"]["traffic"][0] == {"revisionName": "atraso-0a1b2c", "percent": 100}
