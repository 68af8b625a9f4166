"""What is added by its file alone: a command, a rule, a format of reports, a layout of the field corpus.

A check of doctor and a provider of registries are in the tests of each.
"""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest
from click.testing import CliRunner

from gitops_secrets.cli import commands
from gitops_secrets.cli.app import root
from gitops_secrets.cli.commands.scan import report
from gitops_secrets.core.guard import engine
from gitops_secrets.core.guard.judge.judgement import Judgement
from gitops_secrets.core.guard.judge.policy import Policy
from gitops_secrets.core.guard.judge.settings import parse_settings
from gitops_secrets.core.guard.outcome import Outcome
from gitops_secrets.core.guard.record.idents import group_of, idents
from gitops_secrets.core.guard.rules import keys
from gitops_secrets.core.guard.rules.groups import belongs
from gitops_secrets.report import scan
from tests import field

COMMAND = """
import click

@click.command("greet-all", short_help="Greet everybody.")
def greet():
    click.echo("hello")

COMMAND, ORDER = greet, 15
"""
FORMAT = """
def render(outcome):
    return f"{len(outcome.findings)} found\\n"
"""
RULE = """
from gitops_secrets.core.guard.rules.base import UNTRACK, Rule
RULE = Rule("ssh-private-key", "{object} holds an SSH private key", UNTRACK)
def find(text):
    at = text.find("-----BEGIN OPENSSH PRIVATE KEY-----")
    if at >= 0:
        yield at, text[at:]
"""
LAYOUT = """
from tests.field.layout import Layout
LAYOUTS = {"an empty one": Layout("A repository without a file.", {}, ())}
"""
Add = Callable[[ModuleType, str, str], None]


@pytest.fixture
def add(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Add]:
    """Add the file of a module to a package, for one test."""
    for remembered in (group_of, keys.key_rules):
        remembered.cache_clear()
    added: list[tuple[ModuleType, str]] = []

    def add_it(package: ModuleType, name: str, source: str) -> None:
        (tmp_path / f"{name}.py").write_text(source)
        monkeypatch.setattr(package, "__path__", [*package.__path__, str(tmp_path)])
        importlib.invalidate_caches()
        added.append((package, name))

    yield add_it
    for package, name in added:
        sys.modules.pop(f"{package.__name__}.{name}", None)
        vars(package).pop(name, None)
    for remembered in (group_of, keys.key_rules):
        remembered.cache_clear()


def test_a_command(add: Add) -> None:
    before = commands.in_order()
    add(commands, "greet_all", COMMAND)

    assert commands.in_order() == [before[0], "greet-all", *before[1:]]
    assert CliRunner().invoke(root, ["greet-all"]).output == "hello\n"
    assert "Greet everybody." in CliRunner().invoke(root, ["--help"]).output


def test_a_rule(add: Add) -> None:
    content = b"# an account\n-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAA\n"
    add(keys, "ssh_private_key", RULE)

    assert "ssh-private-key" in idents()
    (found,) = engine.judge_blob("id_file", content, Policy()).findings
    assert (found.rule, found.position.line) == ("ssh-private-key", 2)
    assert belongs("ssh-private-key", "keys")
    assert not belongs("ssh-private-key", "credentials")
    setting = b"version: 1\nrules: [{rule: ssh-private-key, severity: warning, reason: a test}]\n"
    assert parse_settings(setting, ".gitops-secrets.yaml")[0].rule == "ssh-private-key"


def test_a_format_of_reports(add: Add, capsys: pytest.CaptureFixture[str]) -> None:
    add(scan, "short", FORMAT)

    assert scan.formats() == ["text", "github", "gitlab", "json", "junit", "sarif", "short"]
    assert report(Outcome("files", 0, Judgement()), "short") == 0
    assert capsys.readouterr().out == "0 found\n"


def test_the_page_has_every_format_of_reports() -> None:
    page = (Path(__file__).parents[2] / "docs/ci.md").read_text()
    table = page.partition("| `--output` | for |\n")[2].partition("\n\n")[0]
    assert sorted(re.findall(r"(?m)^\| `(\w+)` \|", table)) == sorted(scan.formats())


def test_a_layout_of_the_field_corpus(add: Add) -> None:
    before = field.layouts()
    add(field, "empty", LAYOUT)

    assert set(field.layouts()) - set(before) == {"empty: an empty one"}
