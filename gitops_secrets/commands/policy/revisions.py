"""Names of revisions: each means one thing, whatever tags and other refs somebody pushed.

Git takes ``main`` for a tag of that name before the branch. Here a name is a branch's, here or as a remote
has it; for what is only judged a tag's as well, if no branch has it. All else is written in full.
"""

from __future__ import annotations

import os
import re
from typing import NamedTuple

from gitops_secrets.adapters.git.missing import lacks
from gitops_secrets.adapters.git.objects import Git
from gitops_secrets.errors import GitOpsSecretsError, UsageError

_BASE = re.compile(r"(?:(?!@\{)[^~^:])*")
"""The name of a ref, less what follows it: ``~2``, ``^{tree}``, ``@{1}``, ``:PATH``."""
_ID = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_ABBREVIATED = re.compile(r"[0-9a-fA-F]{7,64}")
"""Shorter ones are words as well: ``cafe`` is a branch."""
_PSEUDO = re.compile(r"(?:[A-Z]+_)*HEAD")
_UPSTREAM = re.compile(r"@\{(?:u|upstream|push)\}", re.IGNORECASE)


class Revision(NamedTuple):
    """What a name was found to mean."""

    id: str
    """Of a commit, or of a tree if that was allowed."""
    ref: str
    """The ref that has it, by its full name; empty for an id."""


def trusted(git: Git, name: str) -> Revision:
    """Return the commit that *name* means, to take a policy from: never a tag's, unless written in full.

    Raises GitOpsSecretsError if there is none, or if there are two.
    """
    return _find(git, name, "commit", tags=False)


def judged(git: Git, name: str, *, kind: str = "commit") -> Revision:
    """Return the commit (or of a *kind* "tree" the tree) that *name* means, to look at.

    Raises GitOpsSecretsError if there is none, or if there are two.
    """
    return _find(git, name, kind, tags=True)


def head(git: Git) -> Revision | None:
    """Return what HEAD means: None before the first commit of its branch."""
    ref = _ask(git, "symbolic-ref", "--quiet", "HEAD")
    commit = _ask(git, "show-ref", "--verify", "--hash", ref or "HEAD")
    return Revision(commit, ref) if commit else None


def _find(git: Git, name: str, kind: str, *, tags: bool) -> Revision:
    match = _BASE.match(name)
    base = match.group() if match else ""
    suffix = name[len(base) :]
    spelled, ref = base, ""
    if base == "HEAD" or (base == "@" and not suffix.startswith("@{")):
        found = head(git)
        if found is None:
            raise GitOpsSecretsError("there is no commit here yet", "gitops-secrets scan")
        spelled, ref = (base if suffix.startswith("@{") else found.id), found.ref
    elif base and not _ID.fullmatch(base) and not _UPSTREAM.match(suffix):
        ref = _ref(git, base, tags=tags)
        spelled = ref or base
    elif not base and tags and suffix.startswith(":/"):
        spelled, suffix = _ask(git, "rev-parse", "--verify", "--quiet", name), ""
    elif not base and not suffix.startswith("@{"):
        raise _none(git, name)
    found_id = _ask(
        *(git, "rev-parse", "--verify", "--quiet", "--end-of-options"),
        f"{spelled}{suffix}^{{{kind}}}",
    )
    if not found_id:
        whole = f"{spelled}{suffix}^{{commit}}"
        if _ask(git, "rev-parse", "--verify", "--quiet", "--end-of-options", whole):
            raise lacks(f"the {kind} of {name}")
        raise _none(git, name)
    return Revision(found_id, ref)


def _ref(git: Git, base: str, *, tags: bool) -> str:
    """Return the full name of the ref that *base* means; empty if it is no ref's."""
    short = [f"refs/heads/{base}", f"refs/remotes/{base}", f"refs/remotes/{base}/HEAD"]
    others = [f"refs/tags/{base}", f"refs/{base}"]
    refs = _refs(git, [base] if base.startswith("refs/") else [*short, *others])
    if base in refs:
        return base
    if base.startswith("refs/"):
        raise _none(git, base)
    branches = [ref for ref in short if ref in refs]
    if len({refs[ref] for ref in branches}) > 1:
        raise _two(base, branches[0], branches[1])
    if _PSEUDO.fullmatch(base) or (
        _ABBREVIATED.fullmatch(base) and _ask(git, "rev-parse", f"--disambiguate={base}")
    ):
        if refs:
            raise _two(base, next(iter(refs)), "something else, which is not a ref")
        return ""
    if branches:
        return branches[0]
    known = [ref for ref in others if ref in refs]
    if tags:
        return known[0] if known else ""
    if not known:
        raise _none(git, base)
    raise GitOpsSecretsError(
        f"no branch is named {base!r}, only {known[0]}", f"write it in full: {known[0]}"
    )


def _refs(git: Git, names: list[str]) -> dict[str, str]:
    """Return the objects of those of *names* that are refs, in their order."""
    listed = git.ask("for-each-ref", "--format=%(refname)%00%(objectname)", "--", *names)
    found = dict(line.split("\0", 1) for line in os.fsdecode(listed).split("\n") if "\0" in line)
    return {name: found[name] for name in names if name in found}


def _two(name: str, one: str, other: str) -> GitOpsSecretsError:
    return GitOpsSecretsError(
        f"{name!r} is the name of {one} and of {other}",
        f"write it in full, like {one}, or as an id",
    )


def _none(git: Git, name: str) -> GitOpsSecretsError:
    if git.is_shallow():
        hints = ("git fetch --unshallow", "in CI, have the whole history fetched: fetch-depth: 0")
    else:
        hints = ("git branch --all", "git tag")
    return GitOpsSecretsError(f"there is no commit {name!r} here", *hints)


def _ask(git: Git, *arguments: str) -> str:
    try:
        return os.fsdecode(git.ask(*arguments)).removesuffix("\n")
    except GitOpsSecretsError:
        return ""


def ends(git: Git, span: str, command: str) -> tuple[Revision, Revision]:
    """Return the commits between which *span*, A..B, lies; *command* is the option that was given.

    Raises UsageError if it is no range.
    """
    first, dots, last = span.partition("..")
    last = last.removeprefix(".") or "HEAD"
    if not dots or not first or span.startswith("-"):
        raise UsageError(f"{span!r} is no range", f"{command} origin/main..HEAD")
    if not first.strip("0"):
        raise UsageError(
            "the range begins at no commit: the branch is new",
            f"{command} origin/main..HEAD",
        )
    return judged(git, first), judged(git, last)
