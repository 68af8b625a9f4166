"""A cluster's objects as text, every value hidden: to show what an apply would change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gitops_secrets.core.repository.filechange import Change
from gitops_secrets.core.yamltext.splice import quote

_HIDDEN = "(hidden)"
_CHANGED = "(hidden, {})"

Object = Mapping[str, Any]


def namespace_change(name: str) -> Change:
    """Return the namespace *name*, made, as a change to show."""
    text = f"apiVersion: v1\nkind: Namespace\nmetadata:\n  name: {name}\n"
    return Change(f"Namespace/{name}", None, text.encode())


def secret_change(before: Object | None, after: Object, applied: Object) -> Change:
    """Return what becomes of a Secret as a change to show: *before*, None if it is new, to *after*.

    Shown are every entry's name, and of the rest what is *applied*. No value is, nor its length: of one
    that differs it is said that it does.
    """
    metadata = applied["metadata"]
    labels = metadata.get("labels") or {}
    return Change(
        f"Secret/{metadata['namespace']}/{metadata['name']}",
        _render(before, after, labels, "before") if before is not None else None,
        _render(after, before, labels, "after"),
    )


def leftover_change(secret: Object, entry: str | None) -> Change:
    """Return the deletion of *secret*, or of its *entry*, as a change to show."""
    metadata = secret["metadata"]
    before = _render(secret, None, {}, "before")
    data = {key: value for key, value in (secret.get("data") or {}).items() if key != entry}
    after = _render({**secret, "data": data}, None, {}, "after") if entry else b""
    return Change(f"Secret/{metadata['namespace']}/{metadata['name']}", before, after)


def _render(shown: Object, other: Object | None, labels: Mapping[str, str], side: str) -> bytes:
    metadata, data = shown["metadata"], shown.get("data") or {}
    lines = ["apiVersion: v1", "kind: Secret", "metadata:"]
    lines += [f"  name: {quote(metadata['name'])}", f"  namespace: {quote(metadata['namespace'])}"]
    own = {k: v for k, v in (metadata.get("labels") or {}).items() if k in labels}
    if own:
        lines += ["  labels:", *(f"    {k}: {quote(v)}" for k, v in sorted(own.items()))]
    lines.append(f"type: {shown.get('type') or 'Opaque'}")
    if data:
        lines.append("data:")
    there = (other or {}).get("data") or {}
    for key, value in sorted(data.items()):
        differs = key in there and there[key] != value
        lines.append(f"  {key}: {_CHANGED.format(side) if differs else _HIDDEN}")
    return ("\n".join(lines) + "\n").encode()
