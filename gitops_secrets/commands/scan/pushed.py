"""What refs bring that are pushed: commits' changes, and the contents that tags name without any commit."""

from __future__ import annotations

import os
from collections.abc import Container, Iterable, Mapping, Sequence
from typing import NamedTuple

from gitops_secrets.adapters.git.objects import Git
from gitops_secrets.adapters.git.rawdiff import Change
from gitops_secrets.commands.contents.known import Known
from gitops_secrets.commands.scan.judging import Judge
from gitops_secrets.core.guard.judge.judgement import Judgement

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gitops_secrets.commands.policy.policies import Terms
    from gitops_secrets.core.guard.record.finding import Finding

_KINDS = "--batch-check=%(objectname) %(objecttype)"
_OBJECTS = (b"blob", b"commit", b"tag")


def kinds(git: Git, ids: Sequence[str]) -> dict[str, str]:
    """Return what each of *ids* is in the end, tags of tags followed: "commit", "tree" or "blob".

    Empty for an object that is missing, or that leads to one.
    """
    asked = "".join(f"{name}^{{}}\n" for name in ids).encode()
    out = git.ask("cat-file", "--batch-check=%(objecttype)", stdin=asked) if ids else b""
    told = [line if line in (b"commit", b"tree", b"blob") else b"" for line in out.split(b"\n")]
    return {name: kind.decode() for name, kind in zip(ids, told, strict=False)}


def without_commit(git: Git, kinds_of: Mapping[str, str]) -> list[Change]:
    """Return what trees and blobs bring that refs name: each file at its path in the tree that is named."""
    changes = []
    for name, kind in kinds_of.items():
        if kind == "tree":
            changes += [Change(path, blob) for path, blob in git.tree(name).items()]
        elif kind == "blob":
            changes.append(no_path(git.ask("rev-parse", f"{name}^{{}}").decode().strip()))
    return changes


def unknown_to(git: Git, remote: str, named: Iterable[Change]) -> set[str]:
    """Return which contents of *named* no commit has that *remote* is known to have."""
    asked = {change.new for change in named}
    if not asked:
        return asked
    # Git leaves what is known out of a list of commits, but not of one of trees and blobs alone.
    out = git.ask(
        *("rev-list", "--objects", "--no-object-names", "--missing=allow-any"),
        f"--remotes={remote}",
    )
    return asked.difference(out.decode().split())


def judge_named(
    known: Known, terms: Terms, named: Sequence[Change], new: Container[str] | None
) -> Judgement:
    """Return the verdict on *named*, whose contents are known.

    Those among *new*, or all if that is None, may come to stand wherever a rule covers them. The others
    are judged at their paths; what has none was judged when it came.
    """
    anywhere = [c for c in named if new is None or c.new in new]
    elsewhere = [c for c in named if new is not None and c.new not in new and not _is_bare(c)]
    judged = Judge(known, terms.policy.anywhere(), terms.trusted).judge(anywhere)
    judged += Judge(known, terms.policy, terms.trusted).judge(elsewhere)
    blobs = {change.path: change.new for change in named}

    def told(finding: Finding) -> Finding:
        blob = blobs.get(finding.path)
        if blob is None:
            return finding
        # No work tree need have it, so no command for a file would do.
        return finding._replace(
            message=f"{finding.message}: push no ref that leads to it",
            fix=f"git cat-file blob {blob}",
        )

    return judged._replace(findings=tuple(told(f) for f in judged.findings))


def _is_bare(change: Change) -> bool:
    return change.path == no_path(change.new).path


def no_path(blob: str) -> Change:
    """Return the change that brings *blob* at no path that is known."""
    return Change(f"(no path: object {blob[:12]})", blob)


class Quarantine(NamedTuple):
    """Every object that a push brought, reached by a ref or not: all of them would be kept."""

    blobs: set[str]
    messages: list[str]
    """Commits and annotated tags."""


def quarantined(git: Git) -> Quarantine | None:
    """Return what the push brought; None if Git keeps no push apart.

    A pack that Git completed with objects of its own repository holds those too; they are left out.
    """
    quarantine = os.environ.get("GIT_QUARANTINE_PATH")
    if quarantine is None:
        return None
    listing = ("cat-file", "--batch-all-objects", _KINDS)
    brought = _kinds_in(git.ask(*listing, env=_objects_in(quarantine)))
    own = os.path.join(os.fsdecode(git.ask("rev-parse", "--git-common-dir"))[:-1], "objects")
    asked = "".join(f"{name}\n" for name in brought).encode()
    had = _kinds_in(git.ask("cat-file", _KINDS, stdin=asked, env=_objects_in(own)))
    new = {name: kind for name, kind in brought.items() if name not in had}
    return Quarantine(
        {name for name, kind in new.items() if kind == b"blob"},
        sorted(name for name, kind in new.items() if kind in (b"commit", b"tag")),
    )


def _objects_in(folder: str) -> dict[str, str]:
    return {"GIT_OBJECT_DIRECTORY": folder, "GIT_ALTERNATE_OBJECT_DIRECTORIES": ""}


def _kinds_in(out: bytes) -> dict[str, bytes]:
    """Return the kinds of the objects that are there, by their ids."""
    lines: Iterable[list[bytes]] = (line.split(b" ") for line in out.split(b"\n"))
    return {line[0].decode(): line[1] for line in lines if line[1:] and line[1] in _OBJECTS}
