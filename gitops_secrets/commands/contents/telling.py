"""What was judged, as it may be told: no path, hint or reason with a secret of the contents in it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence

from gitops_secrets.adapters.git.rawdiff import Change
from gitops_secrets.core.guard.judge.judgement import Judgement

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gitops_secrets.core.guard.look.told import Told
    from gitops_secrets.core.guard.record.finding import Finding

Read = Callable[[Sequence[str]], Iterator[tuple[str, bytes | None]]]
"""Reads contents by their ids, as ``Git.contents`` does."""
Judged = tuple[Change, Judgement]


_ID = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")


class Telling:
    """Knows, in memory, the secrets of each content with a finding."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self._secrets: dict[str, set[str]] = {}
        self._told: Told | None = None

    def tell(self, judged: Iterable[Judged]) -> list[Judgement]:
        """Return the judgements of *judged* as they may be told, in their order."""
        found = [(c, j) for c, j in judged if j.findings or j.ignored]
        if not found:
            return []
        told = self._learn({change.new for change, _ in found})
        return [self._one(told, change, judgement) for change, judgement in found]

    def words(self, text: str) -> str:
        """Return *text*, about a content that could not be read, as it may be told."""
        return self._learn(set()).words(text)

    def _learn(self, ids: set[str]) -> Told:
        from gitops_secrets.core.guard.look.told import Told, secrets_in

        told = self._told = self._told or Told()
        new = sorted(i for i in ids if i and i not in self._secrets)
        self._secrets.update((i, set()) for i in new)
        for name, content in self._read(new):
            secrets = secrets_in(content or b"")
            self._secrets[name] |= secrets
            told.learn(secrets)
        return told

    def _one(self, told: Told, change: Change, judgement: Judgement) -> Judgement:
        own = self._secrets.get(change.new, set())
        path = told.words(change.path, own)

        def tell(finding: Finding) -> Finding:
            if path == change.path:
                return finding._replace(message=told.words(finding.message, own))
            return finding._replace(
                path=path,
                message=f"{told.words(finding.message, own)}; the path holds a secret too and is shown in part: rename the file",
                fix=_where(change),
            )

        return Judgement(
            tuple(tell(f) for f in judgement.findings),
            tuple(
                i._replace(finding=tell(i.finding), reason=told.words(i.reason, own))
                for i in judgement.ignored
            ),
        )


def _where(change: Change) -> str:
    """Return what says the path of *change* to a person, and is no path itself."""
    if not _ID.fullmatch(change.new):
        return "give the secret another value where it is used"
    asked = f"ls-tree -r {change.commit[:12]}" if change.commit else "ls-files --stage"
    return f"git {asked} | grep {change.new[:12]}"
