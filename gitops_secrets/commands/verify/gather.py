"""Which files ``verify`` looks at: those of the work tree, of the index, or of a revision."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from gitops_secrets.adapters.files import read_file
from gitops_secrets.adapters.git.nested import refuse_nested
from gitops_secrets.adapters.git.objects import OVERLAP, Git
from gitops_secrets.adapters.git.repository import Repository
from gitops_secrets.commands.policy import revisions
from gitops_secrets.commands.policy.policies import is_rules
from gitops_secrets.commands.repository.worktree import list_work_tree
from gitops_secrets.core.guard.judge.policy import SETTINGS_FILE
from gitops_secrets.core.sops.reader.structure import MARK
from gitops_secrets.core.verify.unencrypted import may_be_readable
from gitops_secrets.errors import UsageError

_LARGE = 8 << 20
"""Bytes above which a file of the work tree is looked at before all of it is read."""
_END = 64 << 10


class Scope(NamedTuple):
    """What is looked at."""

    what: str
    """In the plural: "encrypted files"."""
    paths: Collection[str]
    """Every file of the tree."""
    contents: Mapping[str, bytes]
    """Those that hold something encrypted."""
    configs: Mapping[str, bytes]
    """Each ``.sops.yaml``."""
    only: frozenset[str] | None
    """The files that findings are reported for; None for all of them."""
    history: tuple[str, ...]
    """Whose history the files are held against, in the terms of git rev-list; empty for none."""
    begins: str = ""
    """For a range, the id of the commit that it begins at: what was wrong before is not reported."""
    plain: Mapping[str, bytes] = {}
    """The files that may hold a readable Secret, and nothing encrypted."""
    settings: bytes | None = None
    """What the repository sets the guard's rules to."""
    missing: tuple[str, ...] = ()
    """The files whose content Git does not have here."""


def of_work_tree(repository: Repository, paths: Sequence[str]) -> Scope:
    """Return the files of the work tree, tracked or new.

    With *paths* these files, whether Git knows them or not, and those below these folders; no other is read.
    """
    tree = list_work_tree(repository)
    only: set[str] | None = None
    if paths:
        only = set().union(*(_named(repository, path, tree.paths) for path in paths))
    contents: dict[str, bytes] = {}
    plain: dict[str, bytes] = {}
    configs: dict[str, bytes] = {}
    configs.update(linked_rules(repository, tree.links))
    for path in dict.fromkeys((*sorted(tree.paths), *sorted(only or ()))):
        if only is not None and path not in only and not is_rules(path):
            continue
        if not _may_be_encrypted(repository, path):
            continue
        content = tree.read(path)
        if content is None and only is not None:
            content = read_file(repository.top, path)
        if content is not None and is_rules(path):
            configs[path] = content
        elif content is not None and MARK in content:
            contents[path] = content
        elif content is not None and may_be_readable(content):
            plain[path] = content
    return Scope(
        "encrypted files",
        tree.paths,
        contents,
        configs,
        frozenset(only) if only is not None else None,
        _head(Git(str(repository.top))),
        plain=plain,
        settings=tree.read(SETTINGS_FILE),
    )


def linked_rules(repository: Repository, links: Iterable[str]) -> Iterator[tuple[str, bytes]]:
    """Yield each ``.sops.yaml`` among the symlinks *links*, with what Git holds of it: where it leads."""
    for path in links:
        if is_rules(path):
            yield path, os.fsencode(os.readlink(repository.top / path))


def _may_be_encrypted(repository: Repository, path: str) -> bool:
    """Return whether a large file may be encrypted, by its ends: sops begins or ends what it writes with a mark."""
    try:
        with open(repository.top / path, "rb") as file:
            size = file.seek(0, os.SEEK_END)
            if size <= _LARGE:
                return True
            file.seek(0)
            if MARK in file.read(_END):
                return True
            file.seek(-_END, os.SEEK_END)
            return MARK in file.read()
    except OSError:
        return True


def of_index(git: Git) -> Scope:
    """Return what is staged; the rest of the index is what it is held against."""
    changed = frozenset(change.path for change in git.staged() if change.new)
    return _of_blobs(git, "staged encrypted files", git.index(), changed, _head(git))


def of_range(git: Git, span: str) -> Scope:
    """Return what the commits of *span* (A..B) bring, as it is in B. Raises UsageError if it is no range."""
    ends = revisions.ends(git, span, "gitops-secrets verify --range")
    before, after = (end.id for end in ends)
    changed = frozenset(change.path for change in git.compare(before, after) if change.new)
    scope = _of_blobs(git, "changed encrypted files", git.tree(after), changed, (after,))
    return scope._replace(begins=before)


def of_history(repository: Repository) -> Scope:
    """Return the files of the work tree, to be held against every commit that a ref reaches."""
    scope = of_work_tree(repository, ())
    return scope._replace(history=("--all",))


def _head(git: Git) -> tuple[str, ...]:
    """Return the commit whose history counts: none before the first one."""
    head = revisions.head(git)
    return () if head is None else (head.id,)


def _of_blobs(
    git: Git,
    what: str,
    blobs: Mapping[str, str],
    only: frozenset[str],
    history: tuple[str, ...],
) -> Scope:
    whole = {blob for path, blob in blobs.items() if is_rules(path) or path == SETTINGS_FILE}
    changed = {blobs[path] for path in only if path in blobs}
    read: dict[str, bytes] = {}
    missing: set[str] = set()
    for blob, content in git.contents(list(dict.fromkeys(blobs.values()))):
        if content is None:
            missing.add(blob)
        elif MARK in content or blob in whole or (blob in changed and may_be_readable(content)):
            # Of a content that comes in parts, each begins with the end of the one before.
            read[blob] = read[blob] + content[OVERLAP:] if blob in read else content
    held = {path: read[blob] for path, blob in blobs.items() if blob in read}
    return Scope(
        what,
        tuple(blobs),
        {p: c for p, c in held.items() if not is_rules(p) and MARK in c},
        {p: c for p, c in held.items() if is_rules(p)},
        only,
        history,
        plain={p: c for p, c in held.items() if p in only and not is_rules(p) and MARK not in c},
        settings=held.get(SETTINGS_FILE),
        missing=tuple(p for p, blob in blobs.items() if p in only and blob in missing),
    )


def path_from_top(repository: Repository, path: str) -> str:
    """Return *path*, which is relative to where the process stands, as it is from the repository's top.

    Raises UsageError for one outside the repository. The last part may be a symlink, and is not followed.
    """
    top = os.path.realpath(repository.top)
    whole = os.path.abspath(path)
    name = os.path.relpath(
        os.path.join(os.path.realpath(os.path.dirname(whole)), os.path.basename(whole)), top
    )
    if name.split("/", 1)[0] == "..":
        raise UsageError(f"{path} is outside the repository", "name files of it, or pass --repo")
    return name


def _named(repository: Repository, path: str, listed: Iterable[str]) -> set[str]:
    """Return the files at *path*, which may count from the top too, by their paths from there."""
    from_top = os.path.join(repository.top, path)
    if not os.path.lexists(path) and os.path.lexists(from_top):
        path = from_top
    if not os.path.lexists(path):
        raise UsageError(f"{path} does not exist")
    name = path_from_top(repository, path)
    refuse_nested(repository.top, name, "cd {repo} && gitops-secrets verify {path}")
    if os.path.isdir(path):
        folder = "" if name == "." else f"{name}/"
        return {file for file in listed if file.startswith(folder)}
    return {name}
