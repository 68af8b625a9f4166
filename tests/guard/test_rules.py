"""One rule is one module, one identifier and one anchor; a change of verdicts changes the version."""

from __future__ import annotations

import ast
import hashlib
import re
from pathlib import Path

import pytest

from gitops_secrets.core.guard.engine import ENGINE_VERSION
from gitops_secrets.core.guard.record.idents import idents
from gitops_secrets.core.guard.rules import rule

ROOT = Path(__file__).parents[2]
CORE = ROOT / "gitops_secrets/core"
GUARD = CORE / "guard"
DOCS = (ROOT / "docs/rules.md").read_text()


def sources() -> set[Path]:
    """Return the guard's files and all of the core that they import."""
    found: set[Path] = set()
    rest = list(GUARD.rglob("*.py"))
    while rest:
        path = rest.pop()
        if path in found:
            continue
        found.add(path)
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module:
                names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
                files = [ROOT / f"{name.replace('.', '/')}.py" for name in names]
                rest.extend(f for f in files if f.is_relative_to(CORE) and f.exists())
    return found


def engine_digest() -> str:
    """Return a name for the sources that verdicts depend on, the version itself left out."""
    digest = hashlib.sha256()
    for path in sorted(sources()):
        source = re.sub(r'(?m)^ENGINE_VERSION = ".*"$', "", path.read_text())
        digest.update(f"{path.relative_to(ROOT)}\n{source}\n".encode())
    return digest.hexdigest()[:12]


@pytest.mark.parametrize("ident", idents())
def test_a_rule_is_a_module_of_its_own_with_a_message_and_a_fix(ident: str):
    found = rule(ident)
    assert found.ident == ident
    assert found.message.format(object="x", detail="y")
    assert not found.message.endswith(".")
    assert found.fix.format(path="x", pathspec=":/x")


@pytest.mark.parametrize("ident", idents())
def test_a_rule_is_documented_with_reason_fix_and_exception(ident: str):
    section = re.search(rf"(?ms)^## {re.escape(ident)}\n(.*?)(?=^## |\Z)", DOCS)
    assert section, ident
    for part in ("**Finds**", "**Why**", "**Fix**", "**Except**"):
        assert part in section[1]


def test_no_module_and_no_anchor_is_left_without_its_rule():
    assert set(re.findall(r"(?m)^## ([a-z][a-z-]*)$", DOCS)) == set(idents())


def test_no_other_name_is_a_rule():
    with pytest.raises(KeyError):
        rule("base")


def test_the_engine_version_names_these_sources():
    assert engine_digest() == ENGINE_VERSION, (
        f'in gitops_secrets/core/guard/engine.py write: ENGINE_VERSION = "{engine_digest()}"'
    )
