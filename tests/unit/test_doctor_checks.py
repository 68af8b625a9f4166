"""The checks of doctor: each is documented, and their order in the documentation is their rank."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from gitops_secrets.core.doctor.examine import RANK

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "gitops_secrets/core/doctor"
_, OF_REPOSITORY, OF_CLUSTER = (
    (ROOT / "docs/doctor.md").read_text().split("| check | reports that |")
)


def documented(table: str) -> list[str]:
    return re.findall(r"(?m)^\| `([a-z-]+)` \|", table)


def reported(*, live: bool) -> set[str]:
    """The checks that the modules name as they make a diagnosis."""
    return {
        str(node.args[0].value)
        for path in FOLDER.glob("*.py")
        if path.name.startswith("live") == live
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and getattr(node.func, "id", "") == "Diagnosis"
        and isinstance(node.args[0], ast.Constant)
    }


def test_the_order_of_the_documentation_is_the_rank() -> None:
    assert documented(OF_REPOSITORY) == ["half-way", *RANK]


def test_no_check_is_missing_from_the_ranks() -> None:
    assert reported(live=False) <= set(RANK)


def test_each_check_of_a_cluster_is_documented() -> None:
    assert reported(live=True) <= set(documented(OF_CLUSTER))
