"""The commits that one commit reaches, and how they differ at some paths, read for ``core/verify/lastchange.py``."""

from __future__ import annotations

import os
from collections.abc import Collection
from functools import cache

from gitops_secrets.adapters.git.objects import Git
from gitops_secrets.core.verify.lastchange import Commit, History
from gitops_secrets.errors import GitOpsSecretsError

_FEW = 200
"""Paths up to which Git is asked for these alone."""
_LITERAL = {"GIT_LITERAL_PATHSPECS": "1"}


def ancestry(git: Git, tip: str, paths: Collection[str]) -> History:
    """Return the history of the commit *tip*, as far as it says something about *paths*."""
    listed = git.ask("rev-list", "--no-commit-header", "--format=%H %T %P", tip).decode()
    commits = {
        name: Commit(tree, tuple(parents))
        for name, tree, *parents in (line.split() for line in listed.splitlines())
    }
    pairs = {
        (commits[parent].tree, commit.tree)
        for commit in commits.values()
        for parent in commit.parents
        if commits[parent].tree != commit.tree
    }

    @cache
    def bases(one: str, other: str) -> tuple[str, ...]:
        try:
            return tuple(git.ask("merge-base", "--all", one, other).decode().split())
        except GitOpsSecretsError:
            # Git's way to say that there is none, as of two histories that begin apart.
            return ()

    @cache
    def entry(commit: str, path: str) -> str:
        out = os.fsdecode(git.ask("ls-tree", "-z", "--full-tree", commit, "--", path, env=_LITERAL))
        meta, _, found = out.removesuffix("\0").partition("\t")
        mode, _, name = meta.partition(" ")
        return f"{mode} {name.rpartition(' ')[2]}" if found == path else ""

    return History(tip, commits, _differing(git, pairs, paths), bases, entry)


def _differing(
    git: Git, pairs: Collection[tuple[str, str]], paths: Collection[str]
) -> dict[tuple[str, str], dict[str, str]]:
    """Return by two trees which of *paths* differ, each with its entry in the first."""
    if not pairs:
        return {}
    given = "".join(f"{one} {other}\n" for one, other in sorted(pairs)).encode()
    few = ("--", *paths) if len(paths) <= _FEW else ()
    out = git.ask(
        *("diff-tree", "--stdin", "-r", "-z", "--raw", "--no-renames", "--no-abbrev"),
        *("-O/dev/null", "--ignore-submodules=dirty", *few),
        stdin=given,
        env=_LITERAL,
    )
    wanted = frozenset(paths)
    found: dict[tuple[str, str], dict[str, str]] = {}
    fields = iter(os.fsdecode(out).split("\0"))
    at = ("", "")
    for field in fields:
        # A line feed ends the line that names two trees, and nothing else does but a path.
        *heads, meta = field.split("\n")
        if heads:
            one, _, other = heads[-1].partition(" ")
            at = one, other
        if meta.startswith(":"):
            path = next(fields)
            mode, _, name, _ = meta[1:].split(" ")[:4]
            if path in wanted:
                found.setdefault(at, {})[path] = "" if not name.strip("0") else f"{mode} {name}"
    return found
