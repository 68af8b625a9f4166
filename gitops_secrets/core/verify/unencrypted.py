"""A file that holds a Secret as everybody can read it, though it was encrypted, or a creation rule says it is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gitops_secrets.core.guard import engine
from gitops_secrets.core.guard.filter.prefilter import SECRET, may_hold
from gitops_secrets.core.guard.judge.covered import is_for_objects
from gitops_secrets.core.guard.judge.policy import Policy
from gitops_secrets.core.guard.patterns.holders import OPERATED, holds_values
from gitops_secrets.core.guard.record.facts import ObjectFacts
from gitops_secrets.core.guard.record.finding import Finding, ObjectName
from gitops_secrets.core.guard.rules.secrets.unencrypted_secret import SEAL
from gitops_secrets.core.verify.checks import found
from gitops_secrets.core.yamltext.nodes import Position
from gitops_secrets.errors import InvalidDocumentError


def may_be_readable(content: bytes) -> bool:
    """Return whether *content*, which is no encrypted file, could hold a readable Secret; never parses."""
    return may_hold(content) & SECRET != 0


def readable_secrets(content: bytes) -> tuple[ObjectFacts, ...]:
    """Return the objects of *content* that are Secrets with a readable value and no encrypted one."""
    return tuple(
        held
        for held in engine.examine(content).objects
        if holds_values(held.identity.kind)
        and held.readable
        and not (held.encrypted or held.is_inside)
    )


def check_unencrypted(
    path: str, secrets: Sequence[ObjectFacts], policy: Policy, sealed: str = ""
) -> Iterator[Finding]:
    """Yield those of *secrets*, the readable ones of *path*, that are to be encrypted.

    *sealed* is the commit in which *path* was encrypted, if any. What *policy* sets this rule to counts.
    """
    if not secrets:
        return
    why = f"{path} was encrypted in commit {sealed[:12]}" if sealed else _wanted_by(path, policy)
    setting = policy.setting("unencrypted-secret", path)
    if not why or (setting is not None and setting.is_off):
        return
    for held in secrets:
        name = ObjectName(str(held.identity.kind), held.identity.namespace, held.identity.name)
        first = held.readable[0]
        yield found(
            "unencrypted-secret",
            path,
            Position(first.line, first.column),
            f"{name} is readable as a whole, and {why}",
            key=first.key,
            fix=SEAL if held.identity.kind in OPERATED else "",
        )._replace(object_name=name)


def _wanted_by(path: str, policy: Policy) -> str:
    """Return which creation rule asks for the Secrets in *path* to be encrypted, in words; empty if none does."""
    try:
        rule = policy.creation_rule(path)
    except InvalidDocumentError:
        return ""
    if rule is None or not is_for_objects(rule.path_regex, path):
        return ""
    return f"creation rule {rule.number + 1} of {rule.config} says it must be encrypted"
