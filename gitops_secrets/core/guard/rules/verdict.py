"""Facts made into findings: with the path, the creation rules in force and the words to say."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from gitops_secrets.core.guard.judge.covered import is_for_file, is_for_objects, is_of_tests
from gitops_secrets.core.guard.judge.policy import Policy
from gitops_secrets.core.guard.patterns.holders import OPERATED
from gitops_secrets.core.guard.record.facts import MADE_UP, Facts, Identity, Key
from gitops_secrets.core.guard.record.finding import Finding, ObjectName
from gitops_secrets.core.guard.record.idents import group_of
from gitops_secrets.core.guard.rules import rule
from gitops_secrets.core.guard.rules.secrets.partly_encrypted_secret import EDIT
from gitops_secrets.core.guard.rules.secrets.unencrypted_secret import INSIDE, SEAL
from gitops_secrets.core.yamltext.places import Position

_PLAIN = re.compile(r"[\w@%+=:,./-]+")
_MAGIC = re.compile(r"[*?\[\\]|^[^A-Za-z0-9.]")
"""What means more than itself in a pathspec (gitglossary(7))."""


def of_content(path: str, facts: Facts, policy: Policy) -> Iterator[Finding]:
    """Yield the findings of one content at *path*, exceptions not yet weighed, in no order."""
    for note in facts.notes:
        if note.detail == MADE_UP and is_of_tests(path):
            continue
        yield finding(path, note.rule, note.line, note.column, note.identity, note.key, note.detail)
    yield from _unencrypted(path, facts, policy)
    for marker in facts.markers:
        is_known = group_of(marker.rule) is not None
        if not marker.reason or not is_known:
            detail = "it gives no reason" if is_known else "it names no known rule"
            yield finding(path, "marker-without-reason", marker.line, 1, None, (), detail)


def _unencrypted(path: str, facts: Facts, policy: Policy) -> Iterator[Finding]:
    plain = [o for o in facts.objects if o.readable and not o.encrypted and not o.has_metadata]
    if not plain or path.rpartition("/")[2] == ".sops.yaml":
        return
    creation_rule = policy.creation_rule(path)
    if creation_rule is None or not is_for_objects(creation_rule.path_regex, path):
        return
    detail = f"creation rule {creation_rule.number + 1} of {creation_rule.config}"
    reported = {(n.line, n.rule) for n in facts.notes}
    for found in plain:
        for place in found.readable:
            if (place.line, "plaintext-dockerconfigjson") not in reported:
                said = finding(
                    path,
                    "unencrypted-secret",
                    place.line,
                    place.column,
                    found.identity,
                    place.key,
                    detail,
                )
                yield (
                    said._replace(fix=INSIDE.format(path=quote(path))) if found.is_inside else said
                )


def of_file(path: str, content: Callable[[], bytes | None], policy: Policy) -> Iterator[Finding]:
    """Yield a finding for the first value of a file, in one of sops' other formats, that a rule wants encrypted."""
    creation_rule = policy.creation_rule(path)
    if creation_rule is None or not is_for_file(creation_rule.path_regex, path):
        return
    held = content()
    if held is None:
        return
    from gitops_secrets.core.guard.patterns.filledin import is_plain_setting, stands_for
    from gitops_secrets.core.guard.patterns.placeholders import is_placeholder
    from gitops_secrets.core.guard.read.sopsformats import readable_in

    for entry, is_beside in readable_in(path, held):
        key, value = entry.key, entry.value.strip("\"'")
        if key and (stands_for(key, value) or is_placeholder(value)):
            continue
        if key and not is_beside and is_plain_setting(key, value):
            continue
        ident = "partly-encrypted-secret" if is_beside else "unencrypted-secret"
        detail = f"creation rule {creation_rule.number + 1} of {creation_rule.config}"
        said = finding(path, ident, entry.line, 1, None, (), detail)
        yield said._replace(fix=SEAL.format(path=quote(_as_argument(path))))
        return


def finding(
    path: str,
    ident: str,
    line: int,
    column: int,
    identity: Identity | None,
    key: Key,
    detail: str,
) -> Finding:
    """Return the finding of rule *ident*, in its words."""
    found = rule(ident)
    name = object_name(identity)
    kind = identity.kind if identity is not None else None
    fix = found.fix if kind == "Secret" or not found.elsewhere else found.elsewhere
    if kind in OPERATED and fix.startswith("gitops-secrets encrypt "):
        # No manifest of Secrets, which is all that our own command takes.
        fix = EDIT if ident == "partly-encrypted-secret" else SEAL
    return Finding(
        rule=ident,
        severity=found.severity,
        path=path,
        position=Position(line, column),
        message=found.message.format(object=name or "this file", detail=detail),
        object_name=name,
        key_path=key,
        fix=fix.format(path=quote(_as_argument(path)), pathspec=quote(_pathspec(path))),
    )


def object_name(identity: Identity | None) -> ObjectName | None:
    """Return an object as a person names it; None where nothing is known of it."""
    if identity is None or identity.kind is None:
        return None
    return ObjectName(identity.kind, identity.namespace, identity.name)


def _as_argument(path: str) -> str:
    """Return *path* as a command takes it for a file, whatever it begins with."""
    return f"./{path}" if path.startswith("-") else path


def _pathspec(path: str) -> str:
    """Return the pathspec that means *path* and nothing else, from any folder of the repository."""
    return f":(top,literal){path}" if _MAGIC.search(path) else f":/{path}"


def quote(path: str) -> str:
    """Return *path* as a shell takes it in one piece."""
    return path if _PLAIN.fullmatch(path) else "'" + path.replace("'", "'\"'\"'") + "'"
