"""Every folder of `examples/` that this machine has the tools for: built as its README says, and run."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bench import examples
from bench.errors import BenchError
from bench.examples import EXAMPLES, FLIGHT, Example

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "examples"
LIMIT = 1e-5
Golden = list[dict[str, Any]]


@pytest.fixture(scope="session", params=EXAMPLES, ids=lambda example: example.name)
def example(
    request: pytest.FixtureRequest, need: Callable[[object, str], None], need_built: Callable[[bool, str], None]
) -> Example:
    """An example, built."""
    found: Example = request.param
    tool = found.missing()
    need(not tool, f"{tool} is not installed: examples/{found.name} is left out")
    if found.name == "rust":
        need_built(any(found.folder.glob("target/*/check")), "`cargo build` in examples/rust")
    os.environ.setdefault("ATRASO_CARGO_PROFILE", "dev")  # builds in a third of the time of a quick program
    examples.build(found)
    return found


def failed_check(example: Example, *args: object) -> str:
    """What a check that fails says on standard error."""
    ended = examples.run(example, example.check, *map(str, args))
    assert ended.returncode != 0
    said = ended.stderr
    assert said.strip()
    assert not re.search(r"Traceback|panicked|goroutine|^\s+at ", said, re.M), said
    return said


def test_gives_what_lightgbm_gives(example: Example) -> None:
    found = examples.check(example)
    assert found
    for each in found:
        assert each["flights"] == 1000
        assert each["difference"] <= LIMIT


def test_predicts_one_flight(example: Example) -> None:
    if not example.predict:
        return  # it predicts in a page: test_browser.py
    ended = examples.run(example, example.predict, *FLIGHT)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.strip() == "0.2686"
    for wrong in ((), FLIGHT[:2], (*FLIGHT[:2], "soon")):
        ended = examples.run(example, example.predict, *wrong)
        assert ended.returncode != 0
        assert "usage" in ended.stderr.lower()
        assert not re.search(r"Traceback|panicked|goroutine|^\s+at ", ended.stderr, re.M), ended.stderr


ASKED = {FLIGHT[2]: "0.2686", "2017-11-27T13:00Z": "0.2430", "2017-11-27 13:00:00-03:00": "0.2686"}


@pytest.mark.parametrize(("time", "probability"), ASKED.items())
def test_the_example_flight_is_what_the_service_says(server: Any, time: str, probability: str) -> None:
    body = dict(zip(("OPERA", "SIGLADES", "FECHA_PROGRAMADA"), (*FLIGHT[:2], time), strict=True))
    assert server.post("/predict_delay_probability", body).json()["delay_probability"] == round(float(probability), 2)


def test_an_offset_is_converted_and_a_date_alone_refused(example: Example) -> None:
    if not example.predict:
        return
    for time, probability in ASKED.items():
        assert examples.run(example, example.predict, *FLIGHT[:2], time).stdout.strip() == probability
    refused = examples.run(example, example.predict, *FLIGHT[:2], "2017-11-27")
    assert refused.returncode != 0
    assert "2017-11-27" in refused.stderr
    too_long = examples.run(example, example.predict, "x" * 257, *FLIGHT[1:])
    assert too_long.returncode != 0
    assert "256 characters" in too_long.stderr


def test_a_name_that_no_table_knows_is_told(example: Example) -> None:
    if not example.predict:
        return
    assert examples.run(example, example.predict, *FLIGHT).stderr == ""
    ended = examples.run(example, example.predict, "Nueva", "Ninguna", FLIGHT[2])
    assert ended.returncode == 0
    assert re.fullmatch(r"0\.\d{4}", ended.stdout.strip())
    assert ended.stderr.splitlines() == [
        'the model does not know the airline "Nueva": it takes averages',
        'the model does not know the destination "Ninguna": it takes averages',
    ]


@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_help_says_how_it_is_asked(example: Example, flag: str) -> None:
    if not example.predict:
        return
    ended = examples.run(example, example.predict, flag)
    assert ended.returncode == 0
    assert ended.stderr == ""
    assert ended.stdout.startswith("usage: ")
    assert "UTC offset" in ended.stdout


@pytest.mark.parametrize("place", [5, -1])
def test_a_time_that_is_read_otherwise_fails(example: Example, tmp_path: Path, place: int) -> None:
    """One that is read, and one that is refused."""
    times = json.loads((FOLDER / "times.json").read_bytes())
    times[place].update({"FECHA": "2017-11-27", "dia_semana": 0, "hora": 13})
    (tmp_path / "times.json").write_text(json.dumps(times))
    failed_check(example, FOLDER / "golden.json", tmp_path / "times.json")


@pytest.mark.parametrize("place", [0, 999])
def test_a_wrong_golden_value_fails(example: Example, golden: Golden, tmp_path: Path, place: int) -> None:
    vectors = [dict(vector) for vector in golden]
    vectors[place]["delay_probability"] += 2e-5
    (tmp_path / "golden.json").write_text(json.dumps(vectors))
    failed_check(example, tmp_path / "golden.json")


def test_a_golden_file_that_cannot_be_read_is_a_sentence(example: Example, tmp_path: Path) -> None:
    (tmp_path / "golden.json").write_text('[{"OPERA": "Sky')
    failed_check(example, tmp_path / "golden.json")
    failed_check(example, tmp_path / "missing.json")


def test_every_folder_has_an_example_or_a_test_here() -> None:
    """And a README, not a long one."""
    folders = {path.name for path in FOLDER.iterdir() if path.is_dir()}
    assert folders == {example.name for example in EXAMPLES} | {"triton", "kserve"}
    for name in folders:
        assert len((FOLDER / name / "README.md").read_text().splitlines()) <= 25


def test_no_committed_file_names_a_registry() -> None:
    """Lock files do, so there are none; Go's sums have none."""
    shipped = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "examples"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout.split()  # fmt: skip
    assert shipped
    for name in shipped:
        assert Path(name).name not in {"package-lock.json", "Cargo.lock", "yarn.lock", "pnpm-lock.yaml"}
        text = (ROOT / name).read_text(encoding="utf-8", errors="replace")
        assert not re.search(r"registry\.npmjs|crates\.io|repo1?\.maven|proxy\.golang|pypi\.org|artifactory", text), (
            name
        )


def triton(folder: Path, *args: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, folder / "examples" / "triton" / "check.py", *map(str, args)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A copy of Triton's folder, where its check expects it."""
    shutil.copytree(FOLDER / "triton", tmp_path / "examples" / "triton", ignore=shutil.ignore_patterns("1"))
    for name in ("pipeline.onnx", "model.onnx"):
        shutil.copyfile(ROOT / name, tmp_path / name)
    shutil.copyfile(FOLDER / "golden.json", tmp_path / "examples" / "golden.json")
    return tmp_path


def test_tritons_configurations_fit_the_files(repository: Path) -> None:
    ended = triton(repository)
    assert ended.returncode == 0, ended.stderr
    assert len(re.findall(r"fits \S+\.onnx; largest difference \d\.\de-\d\d over 1000 flights", ended.stdout)) == 2
    for model in ("flight_delay_pipeline", "flight_delay_features"):
        assert (repository / "examples" / "triton" / "models" / model / "1" / "model.onnx").exists()


@pytest.mark.parametrize(
    ("model", "old", "new", "sentence"),
    [
        ("flight_delay_pipeline", '"hora" data_type: TYPE_INT64', '"hora" data_type: TYPE_FP32', "the file has"),
        ("flight_delay_pipeline", '"SIGLADES"', '"DESTINO"', "the file has"),
        ("flight_delay_features", "dims: [ 12 ]", "dims: [ 10 ]", "the file has"),
        ("flight_delay_features", "dynamic_batching", "dynamic_batch", "ParseError"),
    ],
)
def test_a_configuration_that_does_not_fit_is_told(
    repository: Path, model: str, old: str, new: str, sentence: str
) -> None:
    path = repository / "examples" / "triton" / "models" / model / "config.pbtxt"
    path.write_text(path.read_text().replace(old, new))
    ended = triton(repository)
    assert ended.returncode != 0
    assert sentence in ended.stderr
    assert "Traceback" not in ended.stderr


def test_triton_finds_a_wrong_golden_value(repository: Path, golden: Golden, tmp_path: Path) -> None:
    golden = [*golden[:-1], {**golden[-1], "delay_probability": golden[-1]["delay_probability"] + 2e-5}]
    (tmp_path / "wrong.json").write_text(json.dumps(golden))
    assert "a difference is above 1e-05" in triton(repository, tmp_path / "wrong.json").stderr


def test_kserves_manifest_names_what_the_triton_folder_holds() -> None:
    """Its fields are held against KServe's own types by its check.py, where `kserve` is installed."""
    import yaml

    manifest = yaml.safe_load((FOLDER / "kserve" / "pipeline.yaml").read_text())
    assert (manifest["apiVersion"], manifest["kind"]) == ("serving.kserve.io/v1beta1", "InferenceService")
    model = manifest["spec"]["predictor"]["model"]
    assert model["modelFormat"]["name"] == "onnx"
    assert model["protocolVersion"] == "v2"
    assert model["runtime"] == "kserve-tritonserver"


@pytest.mark.parametrize(
    "line",
    ["nothing", "x 1, y: largest difference 1e-9 over 1000 flights", "x 1, y: largest difference nothing"],
)
def test_a_check_that_tells_nothing_is_no_result(line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(examples, "FOLDER", tmp_path)
    (tmp_path / "mute").mkdir()
    mute = Example("mute", (), (), ("{python}", "-c", f"print({line!r})"), (), {})
    with pytest.raises(BenchError, match="told no largest difference"):
        examples.check(mute)


def test_a_build_that_fails_is_told_by_its_last_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(examples, "FOLDER", tmp_path)
    (tmp_path / "broken").mkdir()
    broken = Example("broken", (), ("{python}", "-c", "import sys; sys.exit('no compiler')"), (), (), {})
    with pytest.raises(BenchError, match=r"examples/broken: .* failed: no compiler"):
        examples.build(broken)


def test_measures_them_side_by_side(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Python's line comes first, whatever was asked for, and what is not here has a reason."""
    from click.testing import CliRunner

    from bench.commands import runtimes

    node = Example("node", ("no-such-tool",), (), (), (), {})
    monkeypatch.setattr(runtimes, "EXAMPLES", (EXAMPLES[0], node))
    out = tmp_path / "runtimes.json"
    ended = CliRunner().invoke(runtimes.command, ["--rounds", "1", "--out", str(out)], catch_exceptions=False)
    assert ended.exit_code == 0, ended.output
    result = json.loads(out.read_text())
    assert [row["row"] for row in result["rows"]] == ["python", "python", "node"]
    shown = runtimes.render(result)
    names, _, first = ([cell.strip() for cell in line.split("|")] for line in shown.splitlines()[:3])
    told = dict(zip(names, first, strict=True))
    assert (told["alone ÷ Python"], told["of 1,000 ÷ Python"]) == ("1.00", "1.00")
    assert "`node` has no figure: no-such-tool is not installed" in shown
