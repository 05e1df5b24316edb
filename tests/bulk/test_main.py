"""`python -m bulk` as people run it: real files, whole and broken, cut off and gone on with."""

import csv
import gzip
import io
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from service.api.contract import HIGH, LOW, check_flight
from service.model import bundle as bundles
from service.model.features import Features
from service.model.scorer import Scorer

ROOT = Path(__file__).resolve().parents[2]
HEADER = "OPERA,SIGLADES,FECHA_PROGRAMADA"
FLIGHTS = ["Sky Airline,Calama,2017-11-27 13:00:00", "Grupo LATAM,Lima,2017-07-20 08:30"]
DEADLINE = 60

Bulk = Callable[..., subprocess.CompletedProcess[bytes]]


def bulk(*args: object, stdin: bytes = b"", env: dict[str, str] | None = None) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "bulk", *map(str, args)],
        cwd=ROOT,
        input=stdin,
        capture_output=True,
        check=False,
        timeout=DEADLINE,
        env={**os.environ, **(env or {})},
    )


def scored(
    tmp_path: Path, content: bytes, *args: object, name: str = "in.csv", out: str = "out.csv"
) -> list[dict[str, str]]:
    """The rows that come of a file; nothing is said but how many there are."""
    (tmp_path / name).write_bytes(content)
    ended = bulk(tmp_path / name, "-o", tmp_path / out, "--processes", 1, *args)
    assert ended.returncode in (0, 3), ended.stderr.decode()
    text = (tmp_path / out).read_text(encoding="utf-8-sig")
    return list(csv.DictReader(io.StringIO(text), delimiter=";" if ";" in text.partition("\n")[0] else ","))


def bad_rows(tmp_path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO((tmp_path / "out.bad.csv").read_text())))


def expected(flights: list[tuple[str, str, str]]) -> list[tuple[str, str, str]]:
    """What the service's own parts say of each flight: probability, class, unknown names."""
    bundle = bundles.read(ROOT)
    features = Features(bundle.tables, bundle.names)
    rows, unknown = [], []
    for opera, siglades, when in flights:
        parts = check_flight({"OPERA": opera, "SIGLADES": siglades, "FECHA_PROGRAMADA": when}, ())
        read = (features.name("OPERA", opera), features.name("SIGLADES", siglades), *parts[2:])
        rows.append(features.row(read))
        unknown.append(" ".join(features.unknown(read)))
    said = Scorer(bundle)(rows)
    return [(f"{p:.6f}", HIGH if p > bundle.threshold else LOW, names) for p, names in zip(said, unknown, strict=True)]


def told(rows: list[dict[str, str]]) -> list[tuple[str, str, str]]:
    return [(row["delay_probability"], row["clase"], row["desconocidos"]) for row in rows]


def test_it_says_what_the_service_says(tmp_path: Path) -> None:
    flights = [
        ("Sky Airline", "Calama", "2017-11-27 13:00:00"),
        ("sky  airline", "calama", "2017-11-27T13:00"),
        ("Nobody", "Calama", "2031-01-01 00:00:00.25"),
        ("Nobody", "Nowhere", "2017-11-27T16:00:00Z"),
        ("Grupo LATAM", "Curitiba, Bra.", "2017-11-27 13:00+03"),
    ]
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([HEADER.split(","), *flights])
    rows = scored(tmp_path, text.getvalue().encode())
    assert told(rows) == expected(flights)
    assert [(r["OPERA"], r["SIGLADES"], r["FECHA_PROGRAMADA"]) for r in rows] == flights
    assert {row["model_version"] for row in rows} == {bundles.read(ROOT).digest}
    assert not (tmp_path / "out.bad.csv").exists()


@pytest.mark.parametrize("flag", ["--native", "--no-native", "--no-memo"])
def test_no_row_is_lost_or_doubled(tmp_path: Path, flag: str) -> None:
    """Every row is in one of the two files, in order, with its line."""
    draw = random.Random(1)
    good = [*FLIGHTS, '"Grupo LATAM","Curitiba, Bra.","2017-03-08 06:20:00"', "Nobody,Nowhere,2031-02-28 23:59"]
    wrong = {
        "x,y": "2 fields", "a,b,c,d": "4 fields", "Sky Airline,,2017-11-27 13:00": "SIGLADES is empty",
        "Sky Airline,Calama,2017-11-27": "a date without a time", "Sky Airline,Calama,27/11/2017 13:00": "datetime",
        '"Sky Airline,Calama,2017-11-27 13:00': "unexpected end", "Sky Airline,Calama,2017-02-30 13:00": "day",
        f"{'n' * 257},Calama,2017-11-27 13:00": "at most 256",
    }  # fmt: skip
    lines = draw.choices(good, k=400) + draw.choices(list(wrong), k=40) + ["", " ", ",,"]
    draw.shuffle(lines)
    rows = scored(tmp_path, "\n".join([HEADER, *lines]).encode(), flag)
    fields = [next(csv.reader([line])) for line in lines if line in good]
    assert [[r["OPERA"], r["SIGLADES"], r["FECHA_PROGRAMADA"]] for r in rows] == fields
    found = bad_rows(tmp_path)
    assert [(int(r["line"]), r["row"]) for r in found] == [
        (n, line) for n, line in enumerate(lines, 2) if line in wrong
    ]
    assert all(wrong[row["row"]] in row["reason"] for row in found), found


@pytest.mark.parametrize(
    ("content", "flights"),
    [
        (f"{HEADER}\r\n{FLIGHTS[0]}\r\n{FLIGHTS[1]}\r\n".encode(), 2),
        (f"{HEADER}\n{FLIGHTS[0]}\r\n{FLIGHTS[1]}".encode(), 2),
        (f"\ufeff{HEADER}\n{FLIGHTS[0]}\n\x1a".encode(), 1),
        (f'{HEADER},nota\n{FLIGHTS[0]},"dos\nlíneas, ""así"""\n{FLIGHTS[1]},\n'.encode(), 2),
        (f"sep=;\n{HEADER}\n{FLIGHTS[0]}\n".replace(",", ";").encode(), 1),
        (f"Aerolínea\tDESTINO\tFecha-I\n{FLIGHTS[0]}\n".replace(",", "\t").encode(), 1),
        (f"\ufeff{HEADER}\n{FLIGHTS[0]}\n".encode("utf-16-le"), 1),
        (f"{HEADER},x,x\n{FLIGHTS[0]},1,2\n".encode(), 1),
        (gzip.compress(f"{HEADER}\n{FLIGHTS[0]}\n".encode()), 1),
        (f"{HEADER}\n".encode(), 0),
        (HEADER.encode(), 0),
        (f"{HEADER},delay_probability,clase,desconocidos,model_version\n{FLIGHTS[0]},1,a,b,c\n".encode(), 1),
    ],
    ids=["CRLF", "mixed", "mark", "breaks", "sep", "tabs", "utf-16", "twice", "gzip", "none", "no-end", "scored"],
)
def test_files_as_programs_write_them(tmp_path: Path, content: bytes, flights: int) -> None:
    (tmp_path / "in.csv").write_bytes(content)
    ended = bulk(tmp_path / "in.csv", "-o", tmp_path / "out.csv", "--processes", 1)
    assert ended.returncode == 0, ended.stderr.decode()
    assert f"{flights} flights scored".encode() in ended.stderr
    out = (tmp_path / "out.csv").read_text(encoding="utf-8-sig")
    assert out.count("delay_probability") == 1
    two = [(opera, siglades, when) for opera, siglades, when in (flight.split(",") for flight in FLIGHTS)]
    assert [out.count(said) for said, _, _ in expected(two)[:flights]] == [1] * flights


@pytest.mark.parametrize(
    ("content", "args", "sentence"),
    [
        (b"", (), "the file is empty"),
        (b"\0\1\2" * 50, (), "that is no text"),
        (b"a,b,c\n1,2,3\n", (), "there is no column that is OPERA; there are a, b, c"),
        (f"{FLIGHTS[0]}\n".encode(), (), "it holds a flight; put a line with the columns' names"),
        (f"OPERA,opera,SIGLADES,FECHA_PROGRAMADA\nx,{FLIGHTS[0]}\n".encode(), (), "several columns may be OPERA"),
        (f"{HEADER}\nx,Bogotá,2017-01-01 10:00\n".encode("latin-1"), (), "line 2: not UTF-8. In Windows' encoding"),
        (gzip.compress(f"{HEADER}\n{FLIGHTS[0]}\n".encode() * 99)[:-9], (), "damaged or cut short"),
        (f"{HEADER}\r{FLIGHTS[0]}\r".encode(), (), "CR alone"),
        (b"PK\3\4....", (), "a workbook"),
        (f"{HEADER}\n".encode(), ("--opera", "aerolinea"), "there is no column 'aerolinea'"),
        (f"{HEADER}\n".encode(), ("--encoding", "klingon"), "knows no such encoding"),
        (f"{HEADER}\n".encode(), ("--bundle", "/nonexistent"), "manifest.json"),
    ],
    ids=["empty", "binary", "names", "headless", "twice", "latin-1", "gzip", "CR", "zip", "column", "codec", "bundle"],
)
def test_what_cannot_be_read_is_told_in_a_sentence(
    tmp_path: Path, content: bytes, args: tuple[str, ...], sentence: str
) -> None:
    (tmp_path / "in.csv").write_bytes(content)
    ended = bulk(tmp_path / "in.csv", "-o", tmp_path / "out.csv", "--processes", 1, *args)
    assert ended.returncode in (1, 2)
    assert sentence in ended.stderr.decode()
    assert b"Traceback" not in ended.stderr
    assert not (tmp_path / "out.csv").exists()


def test_another_encoding_is_read_where_it_is_named(tmp_path: Path) -> None:
    content = f"{HEADER}\nSky Airline,Concepción,2017-01-01 10:00\n".encode("cp1252")
    assert scored(tmp_path, content, "--encoding", "cp1252")[0]["SIGLADES"] == "Concepción"


def test_what_is_there_stays(tmp_path: Path) -> None:
    flights = tmp_path / "in.csv"
    flights.write_text(f"{HEADER}\n{FLIGHTS[0]}\n")
    assert b"cannot go where the flights come from" in bulk(flights, "-o", flights, "--force").stderr
    (tmp_path / "out.csv").write_text("mine")
    assert b"--force replaces it" in bulk(flights, "-o", tmp_path / "out.csv").stderr
    assert (tmp_path / "out.csv").read_text() == "mine"
    assert bulk(flights, "-o", tmp_path / "out.csv", "--force").returncode == 0
    assert not list(tmp_path.glob("*.part*"))
    assert b"full" not in bulk(flights, "-o", "/proc/out.csv").stderr
    assert bulk(flights, "-o", "/proc/out.csv").returncode == 1


def test_bad_rows_go_wherever_they_are_asked_to(tmp_path: Path) -> None:
    """A folder that is not there yet, and another disk, which no file moves to in one step."""
    flights, shared = tmp_path / "in.csv", Path("/dev/shm")
    flights.write_text(f"{HEADER}\n{FLIGHTS[0]}\nbroken\n")
    for folder in (tmp_path / "new" / "folder", shared / f"atraso-{os.getpid()}"):
        bad = folder / "bad.csv"
        for out in (tmp_path / folder.name / "out.csv", "-"):
            ended = bulk(flights, "-o", out, "--bad", bad)
            assert ended.returncode == 3, ended.stderr
            assert b"broken" in bad.read_bytes()
            assert not list(folder.glob("*.part*"))
            shutil.rmtree(folder)


def test_bad_rows_that_have_no_place_are_told_before_the_work(tmp_path: Path) -> None:
    flights, out = tmp_path / "in.csv", tmp_path / "out.csv"
    flights.write_text(f"{HEADER}\n{FLIGHTS[0]}\nbroken\n")
    for bad in (out, tmp_path / "out.csv.part", tmp_path / "out.csv.part.json"):
        assert b"go to a file of their own" in bulk(flights, "-o", out, "--bad", bad).stderr
    ended = bulk(flights, "-o", out, "--bad", "/dev/null/bad.csv")
    assert b"atraso: /dev/null/bad.csv.part: Not a directory" in ended.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["in.csv"]


def test_standard_input_and_output(tmp_path: Path) -> None:
    content = f"{HEADER}\n{FLIGHTS[0]}\nbroken\n".encode()
    ended = bulk("-", "-o", "-", "--bad", tmp_path / "bad.csv", stdin=content)
    assert ended.returncode == 3
    assert ended.stdout.count(b"\n") == 2
    assert b"broken" in (tmp_path / "bad.csv").read_bytes()
    assert bulk("-", "-o", "-", stdin=content).returncode == 2


def test_a_full_disk_is_told(tmp_path: Path) -> None:
    code = (
        "import resource, signal; resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000)); "
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN); import bulk.__main__ as m; m.main()"
    )
    (tmp_path / "in.csv").write_text(f"{HEADER}\n" + f"{FLIGHTS[0]}\n" * 5_000)
    command = [
        sys.executable,
        "-c",
        code,
        str(tmp_path / "in.csv"),
        "-o",
        str(tmp_path / "out.csv"),
        "--processes",
        "1",
    ]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, check=False, timeout=DEADLINE)
    assert ended.returncode == 1
    assert b"out.csv: File too large" in ended.stderr
    assert b"Traceback" not in ended.stderr
    assert bulk(tmp_path / "in.csv", "-o", tmp_path / "out.csv").returncode == 0
    assert (tmp_path / "out.csv").read_bytes().count(b"\n") == 5_001


@pytest.mark.parametrize(
    "kind", ["string", "timestamp[us]", "timestamp[ns, tz=America/Santiago]", "dictionary", "view"]
)
def test_parquet(tmp_path: Path, kind: str) -> None:
    flights = [("Sky Airline", "Calama", "2017-11-27 13:00:00"), ("Grupo LATAM", "Lima", "2017-07-20 08:30:00")]
    opera, siglades, when = (pa.array([*column, None]) for column in zip(*flights, strict=True))
    if kind.startswith("timestamp"):
        when = pyarrow.compute.strptime(when, "%Y-%m-%d %H:%M:%S", "s").cast(pa.timestamp("us"))
        if "tz" in kind:
            when = pyarrow.compute.assume_timezone(when, "America/Santiago").cast(
                pa.timestamp("ns", "America/Santiago")
            )
    elif kind == "dictionary":
        opera, siglades, when = (each.dictionary_encode() for each in (opera, siglades, when))
    elif kind == "view":
        opera, siglades = opera.cast(pa.string_view()), siglades.cast(pa.large_string())
    table = pa.table({"n": [1, 2, 3], "Aerolínea": opera, "Destino": siglades, "Salida": when})
    pq.write_table(table, tmp_path / "in.parquet", row_group_size=2)
    for out in ("out.parquet", "out.csv"):
        ended = bulk(tmp_path / "in.parquet", "-o", tmp_path / out, "--processes", 1, "--force")
        assert ended.returncode == 3, ended.stderr.decode()
    assert [(row["line"], row["reason"]) for row in bad_rows(tmp_path)] == [("3", "OPERA is empty")]
    rows = pq.read_table(tmp_path / "out.parquet").to_pylist()
    assert [(f"{r['delay_probability']:.6f}", r["clase"], r["desconocidos"]) for r in rows] == expected(flights)
    assert [row["n"] for row in rows] == [1, 2]
    assert told(list(csv.DictReader(io.StringIO((tmp_path / "out.csv").read_text())))) == expected(flights)


def test_it_writes_gzipped_csv(tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text(f"{HEADER}\n" + "\n".join(FLIGHTS))
    for out in ("out.csv", "out.csv.gz"):
        assert bulk(tmp_path / "in.csv", "-o", tmp_path / out, "--force").returncode == 0
    assert gzip.decompress((tmp_path / "out.csv.gz").read_bytes()) == (tmp_path / "out.csv").read_bytes()


def test_a_csv_becomes_parquet(tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text(f"{HEADER}\n" + "\n".join(FLIGHTS))
    assert bulk(tmp_path / "in.csv", "-o", tmp_path / "out.parquet").returncode == 0
    assert pq.read_table(tmp_path / "out.parquet").num_rows == 2


SLOWLY = """
import time
import bulk.__main__ as main
from bulk.writing import part
part.BETWEEN, record = 0, part.Part.record
part.Part.record = lambda *given, **named: (record(*given, **named), time.sleep(0.2))
main.main()
"""
"""A run that records all the time, and takes a while about it."""


def test_killed_and_run_again_it_gives_the_same(real_data: Path, tmp_path: Path) -> None:
    """100,000 real rows with 1,000 bad ones among them, killed -9 whenever something was recorded."""
    text = gzip.decompress(real_data.read_bytes())
    head, *lines = text.splitlines(keepends=True)
    lines = (lines * 2)[:100_000]
    for place in random.Random(7).sample(range(len(lines)), 1_000):
        lines[place] = b"broken " + lines[place][:9] + b"\n"
    flights = tmp_path / "in.csv"
    flights.write_bytes(head + b"".join(lines))
    once, again = tmp_path / "once.csv", tmp_path / "again.csv"
    assert bulk(flights, "-o", once, "--processes", 2).returncode == 3
    started = [sys.executable, "-c", SLOWLY]
    for stop in (signal.SIGKILL, signal.SIGINT):
        run = subprocess.Popen(
            [*started, str(flights), "-o", str(again), "--processes", "1"], cwd=ROOT, stderr=subprocess.PIPE
        )
        record, end = again.with_name("again.csv.part.json"), time.monotonic() + DEADLINE
        before = record.read_bytes() if record.exists() else b""
        while not (record.exists() and record.read_bytes() != before) and time.monotonic() < end:
            time.sleep(0.01)
        run.send_signal(stop)
        _, stderr = run.communicate(timeout=DEADLINE)
        assert again.exists() is False
        if stop == signal.SIGINT:
            assert run.returncode == 130
            assert b"the same command goes on where it was" in stderr
    assert json.loads(record.read_bytes())["done"]["flights"] > 0
    ended = bulk(flights, "-o", again, "--processes", 2)
    assert ended.returncode == 3
    assert b"flights were done before" in ended.stderr
    assert again.read_bytes() == once.read_bytes()
    bad = [path.with_name(path.stem + ".bad.csv").read_bytes() for path in (once, again)]
    assert bad[0] == bad[1]
    assert bad[0].count(b"\n") == 1_001
    assert once.read_bytes().count(b"\n") == 99_001


def test_drift_reads_what_was_scored(real_data: Path, tmp_path: Path) -> None:
    assert bulk(real_data, "-o", tmp_path / "out.csv").returncode == 0
    command = [sys.executable, "-m", "export", "drift", "--data", str(tmp_path / "out.csv")]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=DEADLINE)
    assert ended.returncode == 0, ended.stderr
    assert "68,206 flights" in ended.stdout
