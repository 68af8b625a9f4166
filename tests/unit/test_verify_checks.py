"""The checks of verify: each is documented, in its order and with its severity, and each is made somewhere."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from gitops_secrets.core.verify.checks import CHECKS

ROOT = Path(__file__).parents[2]
FOLDERS = (ROOT / "gitops_secrets/core/verify", ROOT / "gitops_secrets/commands/verify")
PAGE = (ROOT / "docs/verify.md").read_text()
OF_OTHERS = {"comments", "encrypted-kind", "copied-ciphertext"}
"""Those whose findings the checks of doctor and the guard make."""


def test_the_table_of_the_documentation_is_that_of_the_code() -> None:
    documented = re.findall(r"(?m)^\| `([a-z-]+)` \| (error|warning) \|", PAGE)
    assert documented == [(check.ident, str(check.severity)) for check in CHECKS]


def test_every_check_is_made_and_no_other() -> None:
    made = {
        str(node.args[0].value)
        for folder in FOLDERS
        for path in folder.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and getattr(node.func, "id", "") == "found"
        and isinstance(node.args[0], ast.Constant)
    }
    assert made | OF_OTHERS == {check.ident for check in CHECKS}
    assert not made & OF_OTHERS


def test_every_fix_names_the_file() -> None:
    assert all("{path}" in check.fix for check in CHECKS)
