"""The man pages are those of the commands as they are."""

from __future__ import annotations

import runpy
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"
PAGES: dict[str, str] = runpy.run_path(str(DOCS / "manpages.py"))["pages"]()


def test_each_command_has_its_page_as_its_help_says() -> None:
    written = {path.name: path.read_text() for path in (DOCS / "man").glob("*.1")}
    assert sorted(written) == sorted(PAGES)
    assert [name for name in PAGES if written[name] != PAGES[name]] == [], "run: make man"


def test_no_line_of_a_page_is_taken_for_a_request_that_it_is_not() -> None:
    requests = {"TH", "SH", "PP", "TP", "B", "BR", "RS", "RE", "nf", "fi"}
    lines = [line for page in PAGES.values() for line in page.splitlines()]
    assert {line[1:].split()[0] for line in lines if line.startswith(".")} <= requests
    assert not any(line.startswith("'") for line in lines)
