"""What is known of contents: the facts of each, learnt once, and the contents themselves on demand."""

from __future__ import annotations

from gitops_secrets.adapters.git.objects import OVERLAP
from gitops_secrets.adapters.git.rawdiff import is_link
from gitops_secrets.commands.contents.telling import Telling
from gitops_secrets.core.guard import engine
from gitops_secrets.core.guard.record.facts import NOTHING, Facts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from gitops_secrets.adapters.git.objects import Git
    from gitops_secrets.commands.contents.telling import Read


class Known:
    """The facts of contents, by blob id, or by whatever *read* reads contents by."""

    def __init__(self, git: Git, read: Read | None = None) -> None:
        self.git = git
        self._read = read or git.contents
        self.telling = Telling(self._read)
        self.facts: dict[str, Facts] = {}
        """Of contents with something to judge, or a marker."""
        self.missing: set[str] = set()
        self.clean: set[str] = set()
        """Contents that were examined and hold nothing to judge."""

    def content(self, name: str) -> bytes | None:
        """Return a content, whole at any size; None where it is not there."""
        return _joined(self._read([name])).get(name)

    def stored(self, blob: str) -> bytes | None:
        """Return the content that Git has as *blob*, whole at any size; None where it has none."""
        return read_whole(self.git, [blob]).get(blob)

    def learn(self, ids: Iterable[str]) -> None:
        """Read and examine what is not known yet."""
        wanted = [i for i in dict.fromkeys(ids) if i and not self.knows(i)]
        for name, content in self.git.contents(wanted):
            self._learn_one(name, content)

    def learn_copies(
        self, encrypted: Sequence[str], old: Iterable[str], others: Iterable[str]
    ) -> None:
        """Examine *old*, and what of *others* shares a ciphertext or a wrapped key with *encrypted*.

        A tree may hold thousands of Secrets, and parsing them all would delay every commit: what shares
        a ciphertext shares a piece of text, and only such contents are looked at. *encrypted* are known.
        What of the others is not there counts as ``missing``.
        """
        from gitops_secrets.core.guard.patterns.ciphertext import pieces_of, pieces_of_tags

        first = dict.fromkeys(encrypted)
        before = {i for i in old if i and i not in first and not self.knows(i)}
        rest = [
            i for i in dict.fromkeys(others)
            if i not in first and i not in before and not self.knows(i)
        ]  # fmt: skip
        wanted = pieces_of_tags(
            tag for i in first for o in self.of(i).objects for tag in o.ciphertexts
        )
        for name, content in self.git.contents([*first, *before, *rest]):
            if name in before:
                self._learn_one(name, content)
                continue
            if content is None:
                self.missing.add(name)
                continue
            if b"E" not in content:
                continue
            pieces = pieces_of(content)
            if name in first:
                wanted |= pieces or set()
            elif pieces is None or not wanted.isdisjoint(pieces):
                self.add(name, engine.examine(content))

    def _learn_one(self, blob: str, content: bytes | None) -> None:
        if content is None:
            self.missing.add(blob)
        else:
            self.add(blob, engine.examine(content))

    def add(self, blob: str, facts: Facts) -> None:
        """Keep *facts*; of a content that came in parts all of them."""
        before = self.facts.get(blob)
        if before is not None:
            facts = Facts(before.notes + facts.notes, before.objects + facts.objects)
        if facts or facts.markers or before is not None:
            self.facts[blob] = facts
            self.clean.discard(blob)
        else:
            self.clean.add(blob)

    def knows(self, blob: str) -> bool:
        """Return whether *blob* was examined, or is a submodule, of which there is nothing to examine."""
        return blob in self.clean or blob in self.facts or is_link(blob)

    def of(self, blob: str) -> Facts:
        """Return the facts of *blob*, which was learnt, or is a submodule."""
        if is_link(blob):
            from gitops_secrets.core.guard.rules.unjudged.content_elsewhere import A_SUBMODULE

            return A_SUBMODULE
        return self.facts.get(blob, NOTHING)


def read_whole(git: Git, names: Sequence[str]) -> dict[str, bytes]:
    """Return the contents of those of *names* that are there, in their order, whole at any size."""
    return _joined(git.contents(names))


def _joined(parts: Iterator[tuple[str, bytes | None]]) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for name, content in parts:
        if content is not None:
            found[name] = found[name] + content[OVERLAP:] if name in found else content
    return found
