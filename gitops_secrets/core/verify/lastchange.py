"""The commits that last changed a file: where its content comes from, by every way that leads to it.

A merge changes nothing if it takes over what one side made of a file and the others did not touch. Any
other merge changes the file itself: one with a content of its own, and one that puts an older version back.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple


class Commit(NamedTuple):
    """A commit as far as it matters here."""

    tree: str
    parents: tuple[str, ...]


class History(NamedTuple):
    """The commits that one commit reaches."""

    tip: str
    commits: Mapping[str, Commit]
    differing: Mapping[tuple[str, str], Mapping[str, str]]
    """By two trees, a parent's and its child's: the paths that differ, with their entry in the first, "" for none."""
    bases: Callable[[str, str], Sequence[str]]
    """Returns the merge bases of two commits."""
    entry: Callable[[str, str], str]
    """Returns the entry of a commit at a path, "" for none."""

    def last_changes(self, path: str) -> list[str]:
        """Return the commits by which the content came that the tip has at *path*, which it has."""
        found: list[str] = []
        seen = {self.tip}
        left = [self.tip]
        while left:
            commit = left.pop()
            same = self._same(commit, path)
            if not same:
                found.append(commit)
            left += (parent for parent in same if parent not in seen)
            seen.update(same)
        return found

    def _same(self, commit: str, path: str) -> list[str]:
        """Return the parents whose file *commit* took over, none if it changed the file itself."""
        tree, parents = self.commits[commit]
        others: dict[str, str] = {}
        same = []
        for parent in parents:
            differing = self.differing.get((self.commits[parent].tree, tree), {})
            if path in differing:
                others[parent] = differing[path]
            else:
                same.append(parent)
        for parent in same:
            for other, held in others.items():
                bases = [self.entry(base, path) for base in self.bases(parent, other)]
                if set(bases or [""]) != {held}:
                    return []
        return same

    def brought_by(self) -> dict[str, str]:
        """Return for each commit the first one on the tip's first-parent line that has it in its history."""
        line = [self.tip]
        while parents := self.commits[line[-1]].parents:
            line.append(parents[0])
        found: dict[str, str] = {}
        for step in reversed(line):
            left = [step]
            while left:
                commit = left.pop()
                if commit not in found:
                    found[commit] = step
                    left += self.commits[commit].parents
        return found
