"""What the guard knows of contents, kept in the repository's Git folder by blob id.

No secret and no function of one is in it. It belongs to one version of the engine, is replaced
whole, and whatever cannot be read of it is learnt anew. Only a person's own commands keep one: a
server and a hook never trust what somebody may have written there.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from gitops_secrets.core.guard.facts import Facts

_FOLDER = "gitops-secrets"


class FactsCache:
    """Facts by blob id, and one more text of its user's."""

    def __init__(self, git_dir: Path, version: str) -> None:
        self._path = git_dir / _FOLDER / "facts"
        self._version = version
        self.clean: set[str] = set()
        """The contents with nothing to judge."""
        self._facts: dict[str, str] = {}
        self.walked = ""
        """What the walk through history found, as its own module writes it."""
        self._load()

    def get(self, blob: str) -> Facts | None:
        """Return the facts of *blob*, None where it is clean or not known."""
        text = self._facts.get(blob)
        try:
            return None if text is None else Facts.from_json(text)
        except ValueError:
            return None

    def add(self, clean: Iterable[str], facts: Mapping[str, str]) -> None:
        """Keep what was learnt, facts as JSON, from the next ``save`` on."""
        self.clean.update(clean)
        self._facts.update(facts)

    def save(self) -> None:
        """Write everything, at once; a folder that cannot be written is passed over."""
        temporary = self._path.with_name(f"facts.{os.getpid()}")
        try:
            self._path.parent.mkdir(exist_ok=True)
            with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(f"{self._version}\n{' '.join(self.clean)}\n{self.walked}\n")
                file.writelines(f"{blob} {facts}\n" for blob, facts in self._facts.items())
            temporary.replace(self._path)
        except OSError:
            temporary.unlink(missing_ok=True)

    def _load(self) -> None:
        try:
            version, clean, walked, *facts = self._path.read_text().splitlines()
        except (OSError, ValueError):
            return
        if version != self._version:
            return
        self.clean = set(clean.split())
        self._facts = dict(line.split(" ", 1) for line in facts if " " in line)
        self.walked = walked


def render_walk(tips: list[str], changes: list[list[object]]) -> str:
    """Return one line of text for ``walked``."""
    return json.dumps([tips, changes], separators=(",", ":"))


def parse_walk(text: str) -> tuple[list[str], list[list[object]]]:
    """Return what ``render_walk`` wrote; nothing for anything else."""
    try:
        tips, changes = json.loads(text)
    except (ValueError, TypeError):
        return [], []
    return tips, changes
