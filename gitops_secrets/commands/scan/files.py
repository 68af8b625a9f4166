"""The guard, run over what Git holds: the index, a tree, a range of commits, or files."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import islice
from pathlib import Path

from gitops_secrets.adapters.git.objects import LARGEST, OVERLAP, Git
from gitops_secrets.adapters.git.rawdiff import SUBMODULE, Change, is_link
from gitops_secrets.commands.contents.known import Known
from gitops_secrets.commands.policy import policies, revisions
from gitops_secrets.commands.scan.judging import Judge, outcome_of
from gitops_secrets.core.guard import engine
from gitops_secrets.core.guard.judge.policy import (
    BASELINE_FILE,
    SETTINGS_FILE,
    SOPS_CONFIG,
    Policy,
)
from gitops_secrets.core.guard.outcome import Outcome
from gitops_secrets.core.guard.read.pointers import is_pointer
from gitops_secrets.errors import GitOpsSecretsError, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gitops_secrets.core.guard.judge.policy import Parts


def scan_index(git: Git, paths: Sequence[str]) -> Outcome:
    """Judge what the index holds of *paths*, changed or not; what is not in it is passed over.

    Paths are relative to where git runs. A change is held against HEAD, as ``scan_staged`` does.
    """
    staged = {change.path: change for change in git.staged()}
    named = [f":(literal){path}" for path in paths]
    blobs = git.index(*named, links=True) if paths else {}
    changes = [staged.get(path, Change(path, blob)) for path, blob in blobs.items()]
    deleted = [change for change in staged.values() if not change.new]
    return outcome_of(
        git, "files", changes + deleted, policies.of_index(git), lambda: [git.index()]
    )


def scan_tree(git: Git, revision: str, policy: str | None = None) -> Outcome:
    """Judge every file of *revision*, a commit or a tree, by its own policy or that of the revision *policy*."""
    tree = revisions.judged(git, revision, kind="tree").id
    source = tree if policy is None else revisions.trusted(git, policy).id
    terms = policies.of_revision(git, source, own_markers=policy is None)
    changes = [Change(path, blob) for path, blob in git.tree(tree, links=True).items()]
    blobs = {change.path: change.new for change in changes if not is_link(change.new)}
    return outcome_of(git, "files", changes, terms, lambda: [blobs])


def scan_files(paths: Sequence[str]) -> Outcome:
    """Judge files and folders as they lie on disk, whether Git knows them or not.

    ``.git`` folders are left out; the policy is that of the files' own work tree, or of where they
    lie. A symlink in a folder is judged by its text, as Git would hold it; one among *paths* is followed.
    Pipes and devices are not looked at: in a folder Git ignores them, and among *paths* they are unread.
    So is what is not here: a folder that cannot be listed, a submodule that is not checked out, and what a
    pointer of Git LFS stands for.
    Raises GitOpsSecretsError if the repository's configuration puts its work tree elsewhere.
    """
    missing = [path for path in paths if not os.path.lexists(path)]
    if missing:
        raise UsageError(f"{missing[0]} does not exist")
    top = _top(Path(paths[0]))
    named = frozenset(paths)

    def parts_of(path: str) -> Iterator[bytes]:
        return _parts(path, is_named=path in named)

    known = Known(Git(str(top)), lambda read: ((p, part) for p in read for part in parts_of(p)))
    changes: list[Change] = []
    unread: list[str] = []
    for path in _walk(paths, _Missed(top, unread)):
        name = os.path.relpath(os.path.realpath(os.path.dirname(path) or "."), top)
        shown = os.path.normpath(os.path.join(name, os.path.basename(path)))
        try:
            for part in parts_of(path):
                if is_pointer(part):
                    unread.append(
                        f"{path}: Git LFS has its content elsewhere; git lfs pull brings it"
                    )
                else:
                    known.add(path, engine.examine(part))
        except OSError as error:
            unread.append(f"{path}: {error.strerror}")
            continue
        except _SpecialFileError:
            unread.append(f"{path}: it is a pipe or a device; write its content to a file first")
            continue
        changes.append(Change(shown, path))
    policies.check_settings(changes, known.content)
    judge = Judge(known, Policy.read_by(lambda: _policy_of_files(top)), None)
    judgement = judge.judge(changes)
    return Outcome("files", len(changes), judgement, tuple(unread))


def _top(path: Path) -> Path:
    folder = path if path.is_dir() else path.parent
    try:
        top = Git(str(folder)).ask("rev-parse", "--show-toplevel")
    except GitOpsSecretsError:
        return folder.resolve()
    from gitops_secrets.adapters.git.opening import own_top

    return own_top(folder, Path(os.fsdecode(top.removesuffix(b"\n"))))


class _SpecialFileError(Exception):
    """A file is neither plain nor a symlink: it has no content that could be read twice."""


class _Missed:
    """Notes for people which folders could not be looked at."""

    def __init__(self, top: Path, unread: list[str]) -> None:
        self._top = top
        self._unread = unread

    def failed(self, error: OSError) -> None:
        """Note the folder that could not be listed."""
        self._unread.append(f"{error.filename}: {error.strerror}")

    def empty(self, folder: str) -> None:
        """Note *folder*, in which nothing is, if a submodule should be there."""
        if os.path.relpath(os.path.realpath(folder), self._top) in self._submodules:
            brings = "git submodule update --init brings it"
            self._unread.append(f"{folder}: it is a submodule that is not checked out; {brings}")

    @cached_property
    def _submodules(self) -> frozenset[str]:
        try:
            listed = Git(str(self._top)).ask("ls-files", "--stage", "-z")
        except GitOpsSecretsError:
            return frozenset()
        entries = (entry.partition("\t") for entry in os.fsdecode(listed).split("\0"))
        return frozenset(path for meta, _, path in entries if meta.startswith(SUBMODULE))


def _walk(paths: Sequence[str], missed: _Missed) -> Iterator[str]:
    for path in dict.fromkeys(paths):
        if not os.path.isdir(path):
            yield path
            continue
        for folder, folders, names in os.walk(path, onerror=missed.failed):
            if not folders and not names:
                missed.empty(folder)
            folders[:] = sorted(name for name in folders if name != ".git")
            links = [n for n in folders if os.path.islink(os.path.join(folder, n))]
            held = (os.path.join(folder, name) for name in sorted([*names, *links]))
            yield from (path for path in held if _is_plain_or_link(path))


def _is_plain_or_link(path: str) -> bool:
    """Return whether Git could hold *path*; what cannot be asked may be, and is unread."""
    try:
        mode = os.lstat(path).st_mode
    except OSError:
        return True
    return stat.S_ISREG(mode) or stat.S_ISLNK(mode)


def _parts(path: str, *, is_named: bool = False) -> Iterator[bytes]:
    """Yield a file's content as Git would hold it; a large one in parts that overlap.

    Of a symlink that *is_named* it is that of the file that it leads to.
    """
    follows = is_named and os.path.exists(path)
    mode = (os.stat if follows else os.lstat)(path).st_mode
    if stat.S_ISLNK(mode):
        yield os.fsencode(os.readlink(path))
        return
    if not stat.S_ISREG(mode):
        raise _SpecialFileError
    with open(path, "rb") as file:
        before = b""
        while part := file.read(LARGEST):
            yield before + part
            before = part[-OVERLAP:]


def _policy_of_files(top: Path) -> Parts:
    files: dict[str, bytes] = {}
    for folder, folders, names in os.walk(top):
        folders[:] = [name for name in folders if name != ".git"]
        for name in {SOPS_CONFIG, BASELINE_FILE, SETTINGS_FILE} & set(names):
            path = os.path.relpath(os.path.join(folder, name), top)
            files[path] = _policy_file(os.path.join(folder, name), path)
    return policies.parts_of(files)


def _policy_file(path: str, shown: str) -> bytes:
    """Return what Git would hold of *path*: a symlink is its text, and the policy follows it itself."""
    try:
        parts = list(islice(_parts(path), 2))
        if len(parts) < 2:
            return b"".join(parts)
        what = f"it has more than {LARGEST >> 20} MiB"
    except _SpecialFileError:
        what = "it is not a plain file"
    except OSError as error:
        what = f"it cannot be read: {error.strerror}"
    raise GitOpsSecretsError(f"{shown}: {what}, and the guard's rules stand in it")
