"""The guard over what is not a file: messages, authors and tags of what is looked at, and the names of refs."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice

from gitops_secrets.adapters.git.messages import Object, read_commits, read_objects
from gitops_secrets.adapters.git.objects import Git
from gitops_secrets.core.guard.judge.judgement import Judgement
from gitops_secrets.core.guard.judge.policy import Policy
from gitops_secrets.core.guard.messages import (
    SHORT,
    examine_object,
    examine_objects,
    examine_text,
    judge_message,
)
from gitops_secrets.core.guard.outcome import Outcome
from gitops_secrets.core.guard.record.facts import Facts

_SCISSORS = re.compile(rb"(?m)^\S{1,8} -{8,} >8 -{8,}\r?\n(?=\S{1,8} Do not modify or remove)")
"""What Git puts above the diff of commit --verbose, which is no part of the message."""
_REF = re.compile(rb"refs/[^ \0\n]+")
_TOGETHER = 200
"""How many messages are filtered as one text: one of them that may matter has all looked at."""
_REPLACE = "replace the credential if it was pushed"
_FIXES = {
    "commit": "git rebase --interactive {name}~1 can reword it; " + _REPLACE,
    "tag": "git tag --force --annotate makes the tag anew; " + _REPLACE,
    "ref": "git branch --move, or git tag, gives it another name; " + _REPLACE,
    "commit message": "write it without the credential; git commit --edit --file .git/COMMIT_EDITMSG",
}


def scan_messages(
    git: Git, ids: Sequence[str], terms: Sequence[str], policy: Policy, others: Iterable[str] = ()
) -> Outcome:
    """Judge the tags that *ids* are, and every commit that they reach less what *terms* of rev-list exclude.

    *others* are commits and tags that are judged as well, whatever reaches them.
    """
    tags, roots = tags_of(git, ids)
    seen: set[str] = set()

    def objects() -> Iterator[Object]:
        for found in chain(tags, read_commits(git, roots, *terms) if roots else ()):
            seen.add(found.id)
            yield found
        rest = "".join(f"{name}\n" for name in others if name not in seen)
        yield from read_objects(git, rest.encode())

    return judge_objects(objects(), policy)


def tags_of(git: Git, ids: Sequence[str]) -> tuple[list[Object], list[str]]:
    """Return the annotated tags among *ids*, those that tags name included, and the commits behind all of them."""
    tags: list[Object] = []
    roots: list[str] = []
    asked = list(ids)
    while asked:
        found = list(read_objects(git, "".join(f"{name}\n" for name in asked).encode()))
        roots += (o.id for o in found if o.kind == "commit")
        tags += (o for o in found if o.kind in ("tag", ""))
        asked = [target for o in found if (target := o.target())]
    return tags, roots


def judge_objects(objects: Iterable[Object], policy: Policy) -> Outcome:
    """Judge *objects*; one that could not be read counts as not looked at."""
    total = Judgement()
    unread: list[str] = []
    for found in objects:
        if found.content is None:
            unread.append(unread_object(found))
        elif facts := examine_object(found.content):
            total += judge_one(found.kind, found.id, facts, policy)
    return Outcome("messages", 0, total, tuple(unread))


def examine_messages(git: Git, listed: bytes) -> tuple[dict[str, Facts], list[str]]:
    """Return the facts of those commits with something to judge whose ids are the lines of *listed*.

    With them, for people, which could not be looked at.
    """
    facts: dict[str, Facts] = {}
    unread: list[str] = []
    objects = iter(read_objects(git, listed))
    while some := list(islice(objects, _TOGETHER)):
        unread += (unread_object(found) for found in some if found.content is None)
        read = [(found.id, found.content) for found in some if found.content is not None]
        told = examine_objects([content for _, content in read])
        facts.update((name, f) for (name, _), f in zip(read, told, strict=True) if f)
    return facts, unread


def unread_object(found: Object) -> str:
    """Return, for people, that *found* could not be looked at."""
    why = "it is too large" if found.kind else "Git has no such object here"
    return f"{found.kind or 'object'} {found.id[:SHORT]}: {why}"


def judge_one(kind: str, name: str, facts: Facts, policy: Policy) -> Judgement:
    """Judge the *facts* of one commit, tag or ref."""
    fix = _FIXES[kind].format(name=name[:SHORT])
    return judge_message(kind, name, facts, policy, fix=fix)


def scan_draft(content: bytes, policy: Policy) -> Outcome:
    """Judge by *policy* the message that a commit-msg hook is given, and the author that the environment names."""
    text = message_of(content)
    given = (os.environ.get(name, "") for name in ("GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL"))
    author = examine_text(os.fsencode(" ".join(given)))
    notes = tuple(n._replace(line=1, column=1, key=("author",)) for n in author.notes)
    facts = Facts(notes=examine_text(text).notes + notes)
    judgement = judge_one("commit message", "", facts, policy) if facts else Judgement()
    return Outcome("messages", 1, judgement)


def message_of(content: bytes) -> bytes:
    """Return what of a commit-msg hook's file is the message."""
    return _SCISSORS.split(content, maxsplit=1)[0]


def scan_refs(names: Iterable[tuple[str, bytes]], policy: Policy) -> Outcome:
    """Judge the names of refs, each with the id of what it names, which stands for it in a report."""
    total = Judgement()
    for target, name in names:
        if facts := examine_text(name):
            total += judge_one("ref", target, facts, policy)
    return Outcome("refs", 0, total)


def refs_in(hook_input: bytes) -> list[tuple[str, bytes]]:
    """Return the refs that a pre-push or pre-receive hook's input names, each with the id that comes to it."""
    found = []
    for line in hook_input.split(b"\n"):
        ids = re.findall(rb"\b[0-9a-f]{40,64}\b", line)
        target = next((i for i in reversed(ids) if i.strip(b"0")), b"0" * SHORT)
        found += [(target.decode(), name) for name in dict.fromkeys(_REF.findall(line))]
    return found
