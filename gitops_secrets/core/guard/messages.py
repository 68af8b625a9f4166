"""What stands in a commit, a tag or the name of a ref: text that everybody gets with the contents.

Only rules about credentials and private keys count there: a message that quotes a manifest applies none.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from gitops_secrets.core.guard import engine
from gitops_secrets.core.guard.filter.prefilter import may_any_hold
from gitops_secrets.core.guard.judge.judgement import Judgement
from gitops_secrets.core.guard.judge.policy import Policy
from gitops_secrets.core.guard.record.facts import NOTHING, Facts, Note
from gitops_secrets.core.guard.record.finding import Finding
from gitops_secrets.core.guard.record.idents import group_of

if TYPE_CHECKING:
    from collections.abc import Sequence

_UNSEEN = ("unreadable", "content-elsewhere")
"""The rules that say of a message, too, that it was not seen."""
_OF_GIT = re.compile(
    rb"(?:tree|parent|object) [0-9a-f]{40}(?:[0-9a-f]{24})?|type (?:commit|tree|blob|tag)"
)
"""Headers that hold an id or a type and nothing else, and so need no look."""
_TIME = re.compile(rb"(?<=>) -?[0-9]{1,20} [+-][0-9]{4}\Z")
"""The time at the end of a line that names a person: it differs from commit to commit, and holds nothing."""
_AUTHORS = 2
"""How many lines of a commit's headers name people; what comes below is signatures and the like."""
SHORT = 10
"""How many digits of an id are shown."""


def examine_object(content: bytes) -> Facts:
    """Return the facts of a commit or tag: lines count in its message, a header's notes have its name as key."""
    return examine_objects([content])[0]


def examine_objects(contents: Sequence[bytes]) -> list[Facts]:
    """Return what ``examine_object`` says of each of *contents*; many of them take less time together."""
    apart = [content.partition(b"\n\n") for content in contents]
    all_clean = not may_any_hold([message for _, _, message in apart if message.isascii()])
    return [
        _examine(head, b"" if all_clean and message.isascii() else message)
        for head, _, message in apart
    ]


def _examine(head: bytes, message: bytes) -> Facts:
    of_message = _notes(message) if message and engine.may_matter(message) else ()
    lines = [line for line in head.split(b"\n") if not _OF_GIT.fullmatch(line)]
    # A history has few authors, and each of them thousands of times.
    if any(_may_matter(_TIME.sub(b"", line)) for line in lines[:_AUTHORS]) or (
        len(lines) > _AUTHORS and engine.may_matter(b"\n".join(lines))
    ):
        return Facts(notes=(*of_message, *_of_headers(lines)))
    return Facts(notes=of_message) if of_message else NOTHING


def examine_text(content: bytes) -> Facts:
    """Return the facts of a message that is not a commit yet, or of a name."""
    return Facts(notes=_notes(content)) if engine.may_matter(content) else NOTHING


def judge_message(kind: str, name: str, facts: Facts, policy: Policy, *, fix: str) -> Judgement:
    """Return the verdict on *facts* of the commit, tag or ref *name*, of which *kind* says what it is.

    Only the baseline excuses: an entry whose path is "commit ID" or "tag ID", as it is shown, and
    whose commit is the full id of that object. An id names one message for good.
    """
    place = f"{kind} {name[:SHORT]}".strip()
    judgement = engine.judge(
        place,
        facts,
        policy,
        covers=engine.covers_nothing,
        unchanged=lambda entry, _: entry.commit == name,
    )

    def told(found: Finding) -> Finding:
        header = f", in its {found.key_path[0]}" if found.key_path else ""
        message = found.message.replace("this file", "it")
        return found._replace(
            message=message + header, fix=fix, commit=name, where=kind.split(maxsplit=1)[0]
        )

    return Judgement(
        tuple(told(f) for f in judgement.findings),
        tuple(i._replace(finding=told(i.finding)) for i in judgement.ignored),
    )


def _notes(content: bytes) -> tuple[Note, ...]:
    return tuple(
        Note(note.rule, note.line, note.column, note.detail)
        for note in engine.examine(content).notes
        if note.rule in _UNSEEN or group_of(note.rule) in ("credentials", "keys")
    )


@lru_cache(maxsize=4096)
def _may_matter(line: bytes) -> bool:
    return engine.may_matter(line)


def _of_headers(lines: list[bytes]) -> tuple[Note, ...]:
    found: dict[Note, None] = {}
    # A name may begin with what is assigned: the header's own word stands before it.
    bare = (
        line.removeprefix(line.split(b" ", 1)[0] + b" ") if line[:1] != b" " else line
        for line in lines
    )
    for note in (*_notes(b"\n".join(lines)), *_notes(b"\n".join(bare))):
        before = [line for line in lines[: note.line] if not line.startswith(b" ")]
        name = before[-1].partition(b" ")[0].decode("ascii", "replace") if before else "header"
        known = (
            name if name in ("author", "committer", "tagger", "mergetag", "gpgsig") else "header"
        )
        found[Note(note.rule, 1, 1, note.detail, None, (known,))] = None
    return tuple(found)
