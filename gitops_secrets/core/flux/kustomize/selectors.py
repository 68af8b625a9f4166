"""How a patch's target selects objects, as kustomize decides it."""

from __future__ import annotations

import re
from collections.abc import Mapping

_TERM = re.compile(
    r"\s*(?:(?P<absent>!\s*[\w./-]+)|(?P<key>[\w./-]+)\s*"
    r"(?:(?P<set>notin|in)\s*\((?P<values>[^)]*)\)|(?P<op>==|!=|=)\s*(?P<value>[\w.-]*))?)\s*(?:,|$)"
)


def matches(pattern: str | None, value: str) -> bool:
    """Return whether *pattern*, an anchored regular expression of Go, takes *value*; None takes all.

    One that is not understood may take anything.
    """
    if not pattern:
        return True
    from gitops_secrets.core.goregex.match import GoRegexError, go_regex

    try:
        return go_regex(f"^(?:{pattern})$").is_found_in(value)
    except GoRegexError:
        return True


def selects(selector: str | None, labels: Mapping[str, str] | None) -> bool:
    """Return whether the label or annotation *selector* takes *labels*; None may fit, on both sides.

    The terms are those of Kubernetes: ``a=b``, ``a!=b``, ``a in (b, c)``, ``a notin (b)``, ``a``, ``!a``.
    One that is not understood may take anything.
    """
    if not selector or labels is None:
        return True
    at = 0
    while at < len(selector):
        term = _TERM.match(selector, at)
        if term is None or term.end() == at:
            return True
        if not _holds(term, labels):
            return False
        at = term.end()
    return True


def _holds(term: re.Match[str], labels: Mapping[str, str]) -> bool:
    if term["absent"]:
        return term["absent"].lstrip("! ") not in labels
    found = labels.get(term["key"])
    if term["set"]:
        values = {value.strip() for value in term["values"].split(",")}
        return (found in values) == (term["set"] == "in")
    if term["op"] == "!=":
        return found != term["value"]
    return found is not None if term["op"] is None else found == term["value"]
