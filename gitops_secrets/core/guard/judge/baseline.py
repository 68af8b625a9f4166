"""The baseline: findings that somebody accepted, by place and reason, without any function of a secret.

An entry names the commit in which the value was accepted, never the value. Whether the value at that
place is still the one of that commit, only the caller can tell, who reads both contents and asks
``engine.same_value``; without that proof an entry excuses nothing.
"""

from __future__ import annotations

import re
from datetime import date
from typing import NamedTuple

from gitops_secrets.core.guard.record.facts import Key
from gitops_secrets.errors import InvalidDocumentError

_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_FIELDS = ("rule", "path", "object", "key", "reason", "expires", "author", "commit")


class BaselineEntry(NamedTuple):
    """One accepted finding."""

    rule: str
    path: str
    object: str
    """Kind namespace/name as findings show it; empty where the finding has no object."""
    key: Key
    reason: str
    expires: date
    """The last day on which the entry counts."""
    author: str
    commit: str
    """The full id of a commit that holds the accepted value at *path*."""


def parse_baseline(content: bytes, name: str) -> tuple[BaselineEntry, ...]:
    """Return the entries of a baseline file.

    Raises InvalidDocumentError, naming *name* and the line, where anything is missing or unknown.
    """
    from gitops_secrets.core.yamltext.nodes import compose_documents, get, items, position, text

    documents = compose_documents(content, name)
    if not documents:
        return ()
    root = documents[0]
    if len(documents) > 1 or text(root, "version") != "1" or get(root, "accepted") is None:
        raise InvalidDocumentError(
            f"{name}: is no baseline", "it begins with: version: 1, accepted: []"
        )
    result = []
    for node in items(root, "accepted"):
        where = f"{name}:{position(node).line}"
        fields = {field: text(node, field) or "" for field in _FIELDS if field != "key"}
        key = tuple(
            int(v) if v.isdigit() and e.tag.endswith(":int") else v
            for e in items(node, "key")
            for v in [str(e.value)]
        )
        result.append(_entry(fields, key, where))
    return tuple(result)


def _entry(fields: dict[str, str], key: Key, where: str) -> BaselineEntry:
    for field in ("rule", "path", "reason", "expires", "author", "commit"):
        if not fields[field].strip():
            raise InvalidDocumentError(f"{where}: an accepted finding has no {field}")
    try:
        expires = date.fromisoformat(fields["expires"])
    except ValueError:
        raise InvalidDocumentError(f"{where}: expires is not a date like 2030-12-31") from None
    if not _COMMIT.fullmatch(fields["commit"]):
        raise InvalidDocumentError(f"{where}: commit is not the full id of a commit")
    return BaselineEntry(
        fields["rule"],
        fields["path"],
        fields["object"],
        key,
        fields["reason"],
        expires,
        fields["author"],
        fields["commit"],
    )


def render_baseline(entries: tuple[BaselineEntry, ...]) -> bytes:
    """Return the baseline file that ``parse_baseline`` reads back as *entries*, sorted by place."""
    import json

    lines = ["version: 1", "accepted:" if entries else "accepted: []"]
    for entry in sorted(entries, key=lambda e: (e.path, e.rule, e.object, str(e.key))):
        values: dict[str, object] = {
            "rule": entry.rule,
            "path": entry.path,
            "object": entry.object,
            "key": list(entry.key),
            "reason": entry.reason,
            "expires": entry.expires.isoformat(),
            "author": entry.author,
            "commit": entry.commit,
        }
        for number, (field, value) in enumerate(values.items()):
            lines.append(
                f"  {' ' if number else '-'} {field}: {json.dumps(value, ensure_ascii=False)}"
            )
    return ("\n".join(lines) + "\n").encode()
