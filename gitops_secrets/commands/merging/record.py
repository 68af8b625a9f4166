"""Which sides were chosen so far, for conflicts of which some keys are left."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from gitops_secrets.adapters.files import replace_file
from gitops_secrets.core.sops.merging.values import Side

_NAME = "gitops-secrets-resolve.json"
"""In the Git folder. It holds paths, keys and ids, and no value."""


class Record:
    """What was chosen for the conflict *ids* in the file *path*: of another conflict nothing is known."""

    def __init__(self, git_dir: Path, path: str, ids: Sequence[str]) -> None:
        self._file = git_dir / _NAME
        self._path = path
        self._ids = list(ids)

    def read(self) -> Mapping[str, Side]:
        """Return the side of each key that was chosen."""
        found = self._all().get(self._path)
        if not self._ids or not isinstance(found, dict) or found.get("ids") != self._ids:
            return {}
        chosen = found.get("chosen")
        sides = chosen.items() if isinstance(chosen, dict) else ()
        return {str(key): Side(side) for key, side in sides if side in tuple(Side)}

    def write(self, chosen: Mapping[str, Side]) -> None:
        """Remember *chosen*."""
        self._replace({"ids": self._ids, "chosen": dict(chosen)})

    def forget(self) -> None:
        """Forget what was chosen."""
        self._replace(None)

    def _replace(self, entry: dict[str, object] | None) -> None:
        known = self._all()
        if entry is None and self._path not in known:
            return
        rest = {path: value for path, value in known.items() if path != self._path}
        content = {**rest, self._path: entry} if entry is not None else rest
        if content:
            replace_file(self._file, json.dumps(content).encode())
        else:
            self._file.unlink(missing_ok=True)

    def _all(self) -> dict[str, object]:
        try:
            found = json.loads(self._file.read_bytes())
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}
