"""The creation rules of a ``.sops.yaml``, matched as sops matches them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from gitops_secrets.errors import InvalidDocumentError

MAX_PATTERN = 2000
"""Characters; no hand writes a longer path_regex, and a hostile one must not cost more."""
_NESTED_REPEAT = re.compile(r"\((?:[^()\\]|\\.)*(?<!\\)[*+}]\??(?:[^()\\]|\\.)*\)(?:[*+]|\{\d*,)")


class CreationRule(NamedTuple):
    """One entry of ``creation_rules``."""

    config: str
    """The repository path of the ``.sops.yaml`` it stands in."""
    number: int
    """Its place in the list, from 0: sops takes the first that matches."""
    path_regex: str
    """Empty where it matches every path."""


def parse_creation_rules(content: bytes, name: str) -> tuple[CreationRule, ...]:
    """Return the rules in their order. Raises InvalidDocumentError, naming *name*, for what is broken."""
    from gitops_secrets.core.yamldoc import compose_documents, items, text

    documents = compose_documents(content, name)
    root = documents[0] if documents else None
    rules = []
    for index, entry in enumerate(items(root, "creation_rules")):
        pattern = text(entry, "path_regex") or text(entry, "filename_regex") or ""
        _check(pattern, f"{name}: creation rule {index + 1}")
        rules.append(CreationRule(name, index, pattern))
    return tuple(rules)


def find_rule(rules: Sequence[CreationRule], path: str) -> CreationRule | None:
    """Return the first of *rules* whose path_regex is found in *path*, relative to their file."""
    for rule in rules:
        if not rule.path_regex or re.search(_python(rule.path_regex), path):
            return rule
    return None


def _check(pattern: str, where: str) -> None:
    if len(pattern) > MAX_PATTERN or _NESTED_REPEAT.search(pattern):
        raise InvalidDocumentError(
            f"{where} has a path_regex that could take too long",
            "write it without a repeat inside a repeat",
        )
    try:
        re.compile(_python(pattern))
    except (re.error, RecursionError, OverflowError):
        raise InvalidDocumentError(f"{where} has a path_regex that cannot be read") from None


def _python(pattern: str) -> str:
    """Return Go's *pattern* in Python's words: the end of the text is spelled otherwise."""
    return pattern.replace(r"\z", r"\Z")
