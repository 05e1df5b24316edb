"""`model.md` as a page for browsers, `model.html`: the service shows it to people who do not read Markdown."""

import re
from typing import Any

from markdown_it import MarkdownIt

from export.report.text import template


def html_page(markdown: str) -> str:
    """The same text with the same pictures, and nothing that runs."""
    reader = MarkdownIt("commonmark", {"html": False}).enable("table")
    reader.add_render_rule("table_open", _open_table)
    reader.add_render_rule("table_close", lambda *_: "</table>\n</div>\n")
    reader.add_render_rule("th_open", _open_heading)
    reader.add_render_rule("heading_open", _open_section)
    title = markdown.partition("\n")[0].removeprefix("# ")
    sections = [line.removeprefix("## ") for line in markdown.splitlines() if line.startswith("## ")]
    contents = [(_anchor(section), section) for section in sections]
    return template("model.html.jinja").render(title=title, contents=contents, body=reader.render(markdown).rstrip())


def _anchor(heading: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", heading.lower()).strip("-")


def _open_section(renderer: Any, tokens: Any, at: int, options: Any, env: object) -> str:
    """With a name that the contents lead to."""
    if tokens[at].tag == "h2":
        tokens[at].attrSet("id", _anchor(tokens[at + 1].content))
    return str(renderer.renderToken(tokens, at, options, env))


def _open_heading(renderer: Any, tokens: Any, at: int, options: Any, env: object) -> str:
    """An empty heading is none: whoever has the page read aloud would wonder."""
    if not tokens[at + 1].content:
        tokens[at].tag = tokens[at + 2].tag = "td"
    return str(renderer.renderToken(tokens, at, options, env))


def _open_table(renderer: object, tokens: Any, at: int, *_: object) -> str:
    """A wide table scrolls by itself, also by the keyboard, so that the page does not."""
    number = sum(token.type == "table_open" for token in tokens[: at + 1])
    return f'<div class="scroll" tabindex="0" role="region" aria-label="Table {number}">\n<table>\n'
