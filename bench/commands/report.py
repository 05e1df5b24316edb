"""`python -m bench report`: the results -> the measured parts of the README and of two pages of docs/, and pictures.

Every number comes from a result file; what stands outside the two markers is left as it is.
"""

import os
from pathlib import Path
from types import ModuleType

import click

from bench import options, results, summary
from bench.commands import bulk, compare, latency, micro, models, plan, run, runtimes, start, stress, sweep, workers
from bench.errors import BenchError
from bench.results import FOLDER, LOCAL, Result
from export.files import read_bytes, write_file

BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"

SECTIONS: dict[str, ModuleType] = {
    "compare": compare,
    "stress": stress,
    "latency": latency,
    "micro": micro,
    "models": models,
    "sweep": sweep,
    "start": start,
    "workers": workers,
    "plan": plan,
    "bulk": bulk,
    "run": run,
}
"""The result files, in the order of the page, and what renders each."""

PLOTS = {
    "compare": {"throughput": "Requests a second by row", "cost": "Server CPU a request by row"},
    "latency": {"latency": "Latency percentiles against the rate asked for"},
    "sweep": {"sweep": "Requests a second by connections and workers"},
    "plan": {"capacity": "Latency of a fleet in a burst, and while an instance is lost"},
}
"""The pictures of each result, by the function of bench/plots.py that draws it, and what they show."""


@click.command("report")
@click.option("--results", "folder", type=options.DIRECTORY, default=FOLDER, show_default=True, help="The results.")
@click.option("--doc", type=options.FILE, default="docs/performance.md", show_default=True, help="The page to write.")
@click.option("--reuse", type=options.FILE, default="docs/reuse.md", show_default=True, help="The other page to write.")
@click.option("--readme", type=options.FILE, default="README.md", show_default=True, help="Its table is written too.")
@click.option("--images", type=options.DIRECTORY, default="docs/img", show_default=True, help="Where pictures go.")
def command(folder: Path, doc: Path, reuse: Path, readme: Path, images: Path) -> None:
    """Render the results as tables and pictures."""
    found = {name: _read(name, folder) for name in SECTIONS}
    found = {name: result for name, result in found.items() if result}
    elsewhere = _read("runtimes", folder)
    if not found and not elsewhere:
        raise BenchError(f"{folder} holds no results: `python -m bench compare` makes {LOCAL}'s")
    if found:
        drawn, sections = {}, []
        for name, result in found.items():
            with results.whole(folder / f"{name}.json"):
                drawn[name] = _draw(name, result, images)
                sections.append(_section(name, result, _links(drawn[name], doc)))
        _write(doc, "# Performance", "\n\n".join(sections))
        click.echo(f"{doc}: {', '.join(found)}; {sum(map(len, drawn.values()))} pictures in {images}")
    if "compare" in found:
        with results.whole(folder / "compare.json"):
            measured = summary.render(found["compare"])
        _write(readme, "# Measured", measured)
        click.echo(f"{readme}: compare")
    if elsewhere:
        with results.whole(folder / "runtimes.json"):
            measured = f"{runtimes.render(elsewhere)}\n\n{provenance(elsewhere['header'])}"
        _write(reuse, "# Reuse", measured)
        click.echo(f"{reuse}: runtimes")


def _read(name: str, folder: Path) -> Result:
    """The result of that name, empty where there is none."""
    path = folder / f"{name}.json"
    return results.read(path) if path.exists() else {}


def fill(page: str, measured: str) -> str:
    """The page with another measured part. Raises BenchError where there are other markers than one pair."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end or BEGIN in after or END in after:
        raise BenchError(f"the page has not one {BEGIN} followed by one {END}")
    return f"{before}{BEGIN}\n\n{measured}\n\n{END}{after}"


def _write(doc: Path, heading: str, measured: str) -> None:
    page = _text(doc) if doc.exists() else ""
    if BEGIN not in page and END not in page:
        page = f"{heading}\n\n{BEGIN}\n{END}\n"
    write_file(doc, fill(page, measured).encode())


def _text(doc: Path) -> str:
    try:
        return read_bytes(doc).decode()
    except UnicodeDecodeError:
        raise BenchError(f"{doc}: it is not UTF-8") from None


def _section(name: str, result: Result, pictures: str) -> str:
    parts = [f"## {SECTIONS[name].TITLE}", pictures, SECTIONS[name].render(result), provenance(result["header"])]
    return "\n\n".join(filter(None, parts))


def provenance(header: Result) -> str:
    """Where figures come from, in a few lines below their table."""
    versions = ", ".join(f"{name} {version}" for name, version in header["versions"].items() if version != "none")
    changed = " with changes" if header["changed_since_commit"] else ""
    machine = ", ".join(filter(None, [header["cpu"], f"{header['cores']} cores", header["cpus"]]))
    return f"`{header['command']}` on {header['date'][:10]}, commit {header['commit']}{changed}; {machine}; {versions}."


def _draw(name: str, result: Result, images: Path) -> dict[str, Path]:
    """Draw a result's pictures; their files by what they show."""
    if name == "plan" and "plan" not in result:  # a check without a plan
        return {}
    return {text: _picture(plot, result, images) for plot, text in PLOTS.get(name, {}).items()}


def _picture(plot: str, result: Result, images: Path) -> Path:
    from bench import plots  # matplotlib takes a second to import, and only this command needs it

    path = images / f"{plot}.png"
    plots.draw(getattr(plots, plot), result, path)
    return path


def _links(pictures: dict[str, Path], doc: Path) -> str:
    return "\n".join(f"![{text}]({os.path.relpath(path, doc.parent)})" for text, path in pictures.items())
