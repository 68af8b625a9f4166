"""Every check of ``verify``, and the findings that it makes."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from gitops_secrets.core.guard.patterns.holders import OPERATED
from gitops_secrets.core.guard.record.finding import Finding, ObjectName, Severity
from gitops_secrets.core.guard.rules.base import RENEW
from gitops_secrets.core.guard.rules.secrets.partly_encrypted_secret import EDIT
from gitops_secrets.core.guard.rules.verdict import quote
from gitops_secrets.core.sops.encrypted import is_encrypted_value
from gitops_secrets.core.sops.structure import SopsDocument
from gitops_secrets.core.yamltext.nodes import Path, Position

ERROR, WARNING = Severity.ERROR, Severity.WARNING
UPDATE_KEYS = "sops updatekeys --yes {path}"
EDIT_ANY = "change any value with: sops edit --ignore-mac {path}"
"""What gives a file a new MAC that our own command does not take: sops writes one only after a change."""


class Check(NamedTuple):
    """One check: its identifier, how bad its findings are, and what fixes them unless they say otherwise."""

    ident: str
    severity: Severity
    fix: str


CHECKS = (
    Check("unreadable", ERROR, "git log -p -- {path}"),
    Check("conflict-markers", ERROR, "gitops-secrets resolve {path} --ours"),
    Check("broken-sops-metadata", ERROR, "git log -p -- {path}"),
    Check("readable-value", ERROR, RENEW),
    Check("readable-secret", ERROR, RENEW),
    Check("unencrypted-secret", ERROR, "gitops-secrets encrypt {path} && git add {path}"),
    Check("not-decrypted", ERROR, RENEW),
    Check("nothing-encrypted", ERROR, RENEW),
    Check("recipients", ERROR, UPDATE_KEYS),
    Check("rule", WARNING, RENEW),
    Check("no-rule", WARNING, "add a rule for {path} to .sops.yaml"),
    Check("comments", ERROR, RENEW),
    Check("encrypted-kind", ERROR, RENEW),
    Check("size", ERROR, "split {path} into several Secrets"),
    Check("moved-ciphertext", ERROR, RENEW),
    Check("copied-ciphertext", ERROR, RENEW),
    Check("overridden-value", ERROR, "remove it from data or from stringData: sops edit {path}"),
    Check("tampered", ERROR, "git log -p -- {path}"),
    Check("readable-change", WARNING, RENEW),
    Check("added-recipient", ERROR, "git log -p -- {path}"),
    Check("mac", ERROR, "git log -p -- {path}"),
    Check("value", ERROR, "git log -p -- {path}"),
    Check("refused", ERROR, "git log -p -- {path}"),
    Check("data-key", ERROR, UPDATE_KEYS),
    Check("unsigned", ERROR, "git log --full-history -- {path}"),
    Check("bad-signature", ERROR, "git log --full-history -- {path}"),
    Check("untrusted-signer", ERROR, "git log --full-history -- {path}"),
    Check("one-signer", ERROR, "git log --full-history -- {path}"),
    Check("sops-config", ERROR, "correct {path}"),
    Check("unknown-key", WARNING, "correct or remove it in {path}"),
    Check("invalid-recipient", ERROR, "correct it in {path}"),
    Check("shadowed-rule", WARNING, "move it up in {path}, or remove it"),
    Check("widened-rule", WARNING, "git log -p -- {path}"),
    Check("unused-rule", WARNING, "correct its path_regex in {path}, or remove the rule"),
)
"""All of them, in the order of docs/verify.md."""
_AFRESH = re.compile(r"gitops-secrets encrypt --ignore-mac \{path\}(?: && git add \{path\})?")
_BY_IDENT = {check.ident: check for check in CHECKS}


def found(
    ident: str,
    path: str,
    position: Position,
    message: str,
    *,
    document: SopsDocument | None = None,
    key: Path = (),
    fix: str = "",
) -> Finding:
    """Return the finding of check *ident* at *position* of *path*."""
    check = _BY_IDENT[ident]
    name = None
    if document is not None and document.kind is not None:
        name = ObjectName(document.kind, document.namespace, document.name)
        if document.kind in OPERATED:
            # No manifest of Secrets, which is all that our own command takes.
            fix = _AFRESH.sub(EDIT.replace("{pathspec}", "{path}"), fix or check.fix)
        elif ident == "moved-ciphertext" and not is_ours(document.kind):
            fix = EDIT_ANY
    return Finding(
        rule=ident,
        severity=check.severity,
        path=path,
        position=position,
        message=message,
        object_name=name,
        key_path=key,
        fix=(fix or check.fix).format(path=quote(path)),
    )


def is_ours(kind: str | None) -> bool:
    """Return whether ``encrypt`` takes an object of *kind*: a Secret, and what says no kind that can be read."""
    return kind is None or kind == "Secret" or is_encrypted_value(kind)


def dotted(path: Path) -> str:
    """Return *path* as a sentence names it."""
    return ".".join(map(str, path))


def by_path(findings: Iterable[Finding]) -> dict[str, list[Finding]]:
    """Return *findings* by the file that they are about, in their order."""
    grouped: dict[str, list[Finding]] = {}
    for finding in findings:
        grouped.setdefault(finding.path, []).append(finding)
    return grouped
