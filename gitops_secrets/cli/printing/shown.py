"""What the JSON documents of ``show`` hold: never a value."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from gitops_secrets.report.document import Value, render_document

if TYPE_CHECKING:
    from gitops_secrets.commands.merging.comparing import Comparison
    from gitops_secrets.commands.secrets.show import Object


def show_document(path: str, objects: Sequence[Object]) -> str:
    """Return what the file *path* holds, without any value."""
    return render_document("show", {"path": path, "objects": [_object(o) for o in objects]})


def _object(found: Object) -> dict[str, Value]:
    return {
        "kind": found.kind or None,
        "namespace": found.namespace or None,
        "name": found.name or None,
        "type": found.type or None,
        "values": [{"key": v.key, "size": v.size, "state": v.state} for v in found.values],
        "readers": found.readers,
        "opened_by": found.opened_by or None,
        "sops_version": found.sops or None,
        "last_modified": found.lastmodified or None,
    }


def show_diff_document(found: Comparison) -> str:
    """Return which values of a file differ from those of a commit, without any value."""
    return render_document(
        "show-diff",
        {
            "path": found.path,
            "commit": found.commit,
            "differing": [
                {"object": d.object, "key": d.key, "what": d.what} for d in found.differing
            ],
            "same": found.same,
            "readers_added": found.readers.come,
            "readers_removed": found.readers.gone,
        },
    )
