"""The checks of doctor: found by their files alone, documented, and in the order of the documentation."""

from __future__ import annotations

import ast
import datetime as dt
import importlib
import re
from pathlib import Path

import pytest

from gitops_secrets.core.doctor import checks
from gitops_secrets.core.doctor.examine import examine
from gitops_secrets.core.doctor.given import Given
from gitops_secrets.core.flux.view import View
from gitops_secrets.core.repository.overlay import Overlay

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "gitops_secrets/core/doctor"
_, OF_REPOSITORY, OF_CLUSTER = (
    (ROOT / "docs/doctor.md").read_text().split("| check | reports that |")
)

DUMMY = """
from gitops_secrets.core.doctor.diagnosis import ERROR, Diagnosis
RANKS = {"no-readme": 5}
def check(given):
    if given.view.tree.read("README.md") is None:
        yield Diagnosis("no-readme", ERROR, "there is no README.md", (), "write it")
"""


def documented(table: str) -> list[str]:
    return re.findall(r"(?m)^\| `([a-z-]+)` \|", table)


def reported(folder: Path) -> set[str]:
    """The checks that the modules in *folder* name as they make a diagnosis."""
    return {
        str(node.args[0].value)
        for path in folder.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and getattr(node.func, "id", "") == "Diagnosis"
        and isinstance(node.args[0], ast.Constant)
    }


def test_the_order_of_the_documentation_is_the_rank() -> None:
    assert documented(OF_REPOSITORY) == ["half-way", *checks.ranks()]


def test_two_modules_that_make_one_check_give_it_one_rank() -> None:
    given = {(ident, rank) for module in checks.modules() for ident, rank in module.RANKS.items()}
    assert len(given) == len(checks.ranks()) == len({rank for _, rank in given})


def test_no_check_is_missing_from_the_ranks() -> None:
    assert reported(FOLDER) | reported(FOLDER / "checks") == set(checks.ranks())


def test_each_check_of_a_cluster_is_documented() -> None:
    assert reported(FOLDER / "live") <= set(documented(OF_CLUSTER))


def test_a_check_is_added_by_its_file_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = Given(View(Overlay([], lambda _: None)), {}, dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
    assert examine(given) == ()
    (tmp_path / "dummy_check.py").write_text(DUMMY)
    monkeypatch.setattr(checks, "__path__", [*checks.__path__, str(tmp_path)])
    importlib.invalidate_caches()

    assert [found.check for found in examine(given)] == ["no-readme"]
    assert next(iter(checks.ranks())) == "no-readme"
