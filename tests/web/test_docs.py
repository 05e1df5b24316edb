"""The API's page in real Chromium: what it shows of the description, its snippets, its form."""

import http.server
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from service.api.contract import EXAMPLE

ROOT = Path(__file__).resolve().parents[2]
API = json.loads((ROOT / "service" / "web" / "docs" / "openapi.json").read_bytes())
OPERATIONS = [
    (each["operationId"], method, path, each)
    for path, methods in API["paths"].items()
    for method, each in methods.items()
]
LANGUAGES = ("curl", "Python", "JavaScript")
KEY = "a-key-for-snippets"
CHANGING = {"metrics", "statistics", "modelStatistics", "modelStatisticsVersion"}
Open = Callable[..., Page]


def snippets(page: Page) -> dict[str, dict[str, str]]:
    """Of each language, of each operation."""
    expect(page.locator("#keys")).not_to_be_empty()
    found = {}
    page.locator("#predict > summary").click()
    for language in LANGUAGES:
        page.locator("#predict").get_by_label(language, exact=True).check()
        found[language] = page.evaluate(
            "Object.fromEntries([...document.querySelectorAll('.operation')]"
            ".map((each) => [each.id, each.querySelector('.snippet').textContent]))"
        )
    return found


RUN_PYTHON = """
import json, sys
for name, source in json.load(sys.stdin):
    said = []
    exec(compile(source, name, "exec"), {"print": lambda *words: said.append(words)})
    print(json.dumps([name, *said[0]]))
"""
RUN_JAVASCRIPT = """
import { readFileSync, writeFileSync } from "node:fs";
const log = console.log;
for (const [name, source] of JSON.parse(readFileSync(0, "utf8"))) {
  console.log = (...words) => log(JSON.stringify([name, ...words]));
  writeFileSync(`${name}.mjs`, source);
  await import(`${process.cwd()}/${name}.mjs`);
}
"""


def run(language: str, sources: dict[str, str], folder: Path) -> dict[str, tuple[int, Any]]:
    """What each snippet of a language says, all in one process: a status, and a body that is JSON or a text."""
    given, environment = json.dumps([*sources.items()]), os.environ | {"API_KEY": KEY, "CURL_HOME": str(folder)}
    if language == "curl":
        (folder / ".curlrc").write_text('silent\nwrite-out = "\\0%{http_code}\\0"\n')
        given = "\n".join(sources.values()) + "\n"
        command = ["bash", "-e"]
    elif language == "Python":
        command = [sys.executable, "-c", RUN_PYTHON]
    else:
        command = ["node", "--input-type=module", "-e", RUN_JAVASCRIPT]
    ended = subprocess.run(
        command, input=given, cwd=folder, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    if language == "curl":
        parts = ended.stdout.split("\0")
        return {name: (int(status), body) for name, body, status in zip(sources, parts[::2], parts[1::2], strict=False)}
    lines = [json.loads(line) for line in ended.stdout.splitlines()]
    return {name: (status, body) for name, status, body in lines}


@pytest.fixture(scope="module")
def closed(servers: Callable[..., Any]) -> Any:
    """With keys, under a path that its proxy leaves."""
    return servers("--workers", 1, "--root-path", "/behind/it", env={"ATRASO_API_KEYS": KEY})


@pytest.mark.parametrize("kind", ["open", "closed"])
def test_every_snippet_gets_what_the_description_promises(
    open_page: Open, server: Any, closed: Any, kind: str, tmp_path: Path
) -> None:
    base = server.url if kind == "open" else f"{closed.url}/behind/it"
    page = open_page(base, "/docs", silent=kind == "open")  # Chromium logs the 401
    for language, sources in snippets(page).items():
        assert len(sources) == len(OPERATIONS)
        for name, (status, body) in run(language, sources, tmp_path).items():
            operation, method, path = next(
                (each, method, path) for id_, method, path, each in OPERATIONS if id_ == name
            )
            asks = kind == "closed" and operation.get("security") != []
            assert ("API_KEY" in sources[name]) == asks
            assert base in sources[name]
            assert status == 200, (language, name)
            content = operation["responses"]["200"]["content"]
            if "application/json" not in content or name in CHANGING:
                continue
            told = json.loads(body) if language == "curl" else body
            url = base + path.format(name="flight_delay", version="1")
            sent = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("example")
            asked = httpx.request(method, url, json=sent, headers={"x-api-key": KEY}, timeout=30).json()
            assert told == content["application/json"].get("example", asked), (language, name)


class Recorder(http.server.BaseHTTPRequestHandler):
    """Keeps what was sent to it: address, type and body, in the order that they came."""

    kept: list[tuple[str, str, bytes]]

    def do_POST(self) -> None:
        self.kept.append(
            (self.path, self.headers["content-type"], self.rfile.read(int(self.headers["content-length"])))
        )
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, format: str, *args: object) -> None:
        return


@pytest.fixture
def recorder() -> Iterator[str]:
    Recorder.kept = []
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Recorder) as it:
        thread = threading.Thread(target=it.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{it.server_port}"
        it.shutdown()
        thread.join()


BODIES = [
    ('{"a": "it\'s $HOME `ls` \\\\ \\" \\n ñ \U0001f600"}', True),
    ('[true, false, null, "true", "null", -1, 0.5]', True),
    ('{\n  "a": [\n    {"b": "two  spaces"}\n  ]\n}', True),
    ('{"a": "\\u00f1 \\/ \\ud83d\\ude00"}', False),
    ('{"a": 1.0, "b": 12345678901234567890, "c": 1e400}', False),
    ('{"a": 1, "a": 2}', False),
    ('{"__proto__": 1}', False),
    ("@/etc/hostname", False),
    ('{"half": ', False),
    ("'''\"\"\"\\", False),
    ("", False),
]
"""What is typed, and whether it has a plain form in Python and JavaScript."""


def test_a_body_arrives_as_it_was_typed(open_page: Open, server: Any, recorder: str, tmp_path: Path) -> None:
    """One page writes all snippets, and one process of each language runs its own: each start costs a second."""
    requests = {
        f"n{number}": {
            "method": "POST", "address": f"{recorder}/{number}?b='c'", "body": body, "isJson": True, "needsKey": False,
        }
        for number, (body, _) in enumerate(BODIES)
    }  # fmt: skip
    made = open_page(server.url, "/docs").evaluate(
        """async (requests) => {
            const { LANGUAGES } = await import("/web/docs/snippets.js");
            const all = Object.entries(requests);
            const by = (write) => Object.fromEntries(all.map(([name, request]) => [name, write(request)]));
            return Object.fromEntries(Object.entries(LANGUAGES).map(([language, write]) => [language, by(write)]));
        }""",
        requests,
    )
    for language in LANGUAGES:
        Recorder.kept.clear()
        run(language, made[language], tmp_path)
        assert len(Recorder.kept) == len(BODIES)
        for number, ((body, is_plain), (path, kind, sent)) in enumerate(zip(BODIES, Recorder.kept, strict=True)):
            assert path in (f"/{number}?b='c'", f"/{number}?b=%27c%27")
            assert kind == "application/json"
            if is_plain and language != "curl":
                assert json.loads(sent) == json.loads(body)
            else:
                assert sent == body.encode(), (language, body)
    for number, (_, is_plain) in enumerate(BODIES):
        python, javascript = (made[language][f"n{number}"] for language in ("Python", "JavaScript"))
        assert ("json=" in python) == ("JSON.stringify" in javascript) == is_plain


def constraints(schema: Any, seen: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    """Every limit, enum, pattern and description of a schema and of all that it refers to."""
    if isinstance(schema, list):
        for each in schema:
            yield from constraints(each, seen)
    elif isinstance(schema, dict):
        if (name := schema.get("$ref")) and name not in seen:
            at: Any = API
            for part in name[2:].split("/"):
                at = at[part]
            yield from constraints(at, (*seen, name))
        for key, value in schema.items():
            if key == "properties":
                for field, each in value.items():
                    yield "field", field
                    yield from constraints(each, seen)
            elif key in ("example", "examples"):
                continue
            elif isinstance(value, dict | list) and key not in ("enum", "required", "type"):
                yield from constraints(value, seen)
            elif key in LIMITS:
                yield from ((key, each) for each in (value if isinstance(value, list) else [value]))


LIMITS = {
    "enum", "const", "pattern", "minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems", "default",
    "format",
}  # fmt: skip


def test_every_limit_of_the_description_is_shown(open_page: Open, server: Any) -> None:
    page = open_page(server.url, "/docs")
    expect(page.locator(".operation")).to_have_count(len(OPERATIONS))
    kinds = set()
    for name, method, path, operation in OPERATIONS:
        text = page.locator(f"#{name}").evaluate("(each) => each.textContent")
        assert method.upper() in text
        assert path in text
        for kind, value in constraints(
            [operation.get("parameters"), operation.get("requestBody"), operation["responses"]]
        ):
            kinds.add(kind)
            assert str(value) in text, (name, kind)
    assert kinds >= {"field", "enum", "pattern", "minimum", "maximum", "maxLength", "minItems", "maxItems"}
    flight = page.locator("#predict .schema > li").filter(has_text="OPERA").first
    assert "required string; at most 256 characters" in " ".join(flight.evaluate("(each) => each.textContent").split())
    assert "array of Flight; at most 10000 entries" in page.locator("#predictMany").evaluate(
        "(each) => each.textContent"
    )


def test_an_operation_is_asked(open_page: Open, server: Any) -> None:
    page = open_page(server.url, "/docs")
    page.locator("#predict > summary").click()
    assert page.url.endswith("/docs#predict")
    card = page.locator("#predict")
    card.get_by_role("button", name="Send").click()
    expect(card.get_by_role("status")).to_have_text(re.compile(r"200 OK, \d+\.\d ms, 66 bytes"))
    expect(card.get_by_label("Answer")).to_contain_text("x-request-id: ")
    told = server.post("/predict_delay_probability?detail=true", EXAMPLE).json()
    expect(card.get_by_label("Answer")).to_contain_text(f'"delay_probability": {told["delay_probability"]}')
    card.get_by_label("detail").select_option("true")
    expect(card.locator(".snippet")).to_contain_text("/predict_delay_probability?detail=true'")
    card.get_by_role("button", name="Send").click()
    expect(card.get_by_label("Answer")).to_contain_text(f'"probabilidad": {told["probabilidad"]}')
    card.get_by_label("Body").fill("{")
    expect(card.locator(".snippet")).to_contain_text("--data-raw '{'")


def test_a_wrong_body_and_a_stopped_server_are_told(open_page: Open, servers: Callable[..., Any]) -> None:
    server = servers("--workers", 1)
    page = open_page(server.url, "/docs#predict", silent=False)
    card = page.locator("#predict")
    card.get_by_label("Body").fill("{")
    card.get_by_role("button", name="Send").click()
    expect(card.get_by_role("status")).to_contain_text("422 ")
    server.stop()
    card.get_by_role("button", name="Send").click()
    expect(card.get_by_role("status")).to_have_text("The server does not answer.")


def test_links_open_what_they_name(open_page: Open, server: Any) -> None:
    page = open_page(server.url, "/docs#infer-400")
    expect(page.locator("#infer-400 pre")).to_be_visible()
    expect(page.locator("#sections a[aria-current]")).to_have_text(re.compile("POST.*/infer$"))
    page.get_by_role("link", name="GET /catalogue", exact=True).click()
    expect(page.locator("#catalogue")).to_have_attribute("open", "")
    expect(page.locator("#catalogue")).to_be_in_viewport()
    page.go_back()
    expect(page.locator("#infer-400")).to_be_in_viewport()
    targets = page.evaluate("[...document.querySelectorAll('a[href^=\"#\"]')].map((each) => each.hash.slice(1))")
    assert page.evaluate("(all) => all.filter((id) => !document.getElementById(id))", targets) == []
    ids = page.evaluate("[...document.querySelectorAll('[id]')].map((each) => each.id)")
    assert len(ids) == len(set(ids))


def test_the_operations_are_searched(open_page: Open, server: Any) -> None:
    page = open_page(server.url, "/docs")
    page.get_by_label("Search").fill("post FECHA_programada")
    expect(page.locator("#found")).to_have_text("5 of 22 operations")
    expect(page.locator(".operation:visible")).to_have_count(5)
    expect(page.locator("#sections a:visible")).to_have_count(5)
    expect(page.locator("h2:visible")).to_have_text(["Flights", "Open Inference Protocol"])
    page.get_by_label("Search").fill("nothing of this")
    expect(page.locator("#found")).to_have_text("0 of 22 operations")
    page.get_by_label("Search").fill("")
    expect(page.locator(".operation:visible")).to_have_count(22)


def test_the_keyboard_suffices(open_page: Open, server: Any) -> None:
    page = open_page(server.url, "/docs")
    expect(page.locator("#predict")).to_be_visible()
    page.locator("#predict > summary").focus()
    page.keyboard.press("Enter")
    page.locator("#predict").get_by_label("curl").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#predict .snippet")).to_contain_text("requests.post(")
    expect(page.locator("#infer .snippet")).to_contain_text("requests.post(")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#predict .copy")).to_have_text(re.compile("Copied|Selected"))
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#predict").get_by_role("status")).to_contain_text("200 OK")


@pytest.mark.parametrize(("width", "scheme"), [(360, "light"), (360, "dark"), (768, "light"), (1440, "dark")])
def test_axe_finds_nothing(open_page: Open, server: Any, width: int, scheme: str) -> None:
    page = open_page(server.url, "/docs#predict", viewport={"width": width, "height": 900}, color_scheme=scheme)
    page.locator("#predict").get_by_role("button", name="Send").click()
    expect(page.locator("#predict").get_by_role("status")).to_contain_text("200 OK")
    page.evaluate(
        "document.querySelectorAll('#predict, #predict details, #infer, #more').forEach((it) => (it.open = true))"
    )
    violations = Axe().run(page).response["violations"]
    assert [(each["id"], each["nodes"][0]["html"]) for each in violations] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
