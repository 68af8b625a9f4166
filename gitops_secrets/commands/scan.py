"""The guard, run over what Git holds: the index, a tree, a range of commits, or files."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

from gitops_secrets.adapters.objects import LARGEST, OVERLAP, Git
from gitops_secrets.adapters.rawdiff import Change
from gitops_secrets.commands import policies
from gitops_secrets.commands.judging import Judge, Known, outcome_of
from gitops_secrets.commands.messages import scan_messages
from gitops_secrets.commands.policy_changes import policy_changes
from gitops_secrets.core.guard import engine
from gitops_secrets.core.guard.policy import BASELINE_FILE, SOPS_CONFIG, Policy
from gitops_secrets.core.outcome import Outcome
from gitops_secrets.errors import GitOpsSecretsError, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gitops_secrets.core.guard.policy import Parts


def scan_index(git: Git, paths: Sequence[str]) -> Outcome:
    """Judge what the index holds of *paths*, changed or not; what is not in it is passed over.

    Paths are relative to where git runs. A change is held against HEAD, as ``scan_staged`` does.
    """
    staged = {change.path: change for change in git.staged()}
    blobs = git.index(*(f":(literal){path}" for path in paths)) if paths else {}
    changes = [staged.get(path, Change(path, blob)) for path, blob in blobs.items()]
    deleted = [change for change in staged.values() if not change.new]
    return outcome_of(git, "files", changes + deleted, policies.of_index(git), git.index)


def scan_tree(git: Git, revision: str, policy: str | None = None) -> Outcome:
    """Judge every file of *revision*, by its own policy or that of the revision *policy*."""
    try:
        blobs = git.tree(revision)
    except GitOpsSecretsError:
        resolve(git, revision)
        raise
    terms = policies.of_revision(
        git, revision if policy is None else policy, own_markers=policy is None
    )
    changes = [Change(path, blob) for path, blob in blobs.items()]
    return outcome_of(git, "files", changes, terms, lambda: blobs)


def scan_range(git: Git, span: str, policy: str | None, *, allow: bool) -> Outcome:
    """Judge every commit of *span* (A..B) by the policy of A as it was, or of the revision *policy*.

    With *allow* they may change the policy. Raises UsageError where *span* is no range.
    """
    before, dots, after = span.partition("..")
    after = after.removeprefix(".") or "HEAD"
    if not dots or not before or span.startswith("-"):
        raise UsageError(f"{span!r} is no range", "gitops-secrets scan --range origin/main..HEAD")
    if not before.strip("0"):
        raise UsageError(
            "the range begins at no commit: the branch is new",
            "gitops-secrets scan --range origin/main..HEAD, with the branch that it will be merged into",
        )
    first, last = (resolve(git, revision) for revision in (before, after))
    changes = list(git.changes(f"{before}..{after}"))
    terms = policies.of_revision(git, policy or before, own_markers=False)
    known = Known(git)
    known.learn(blob for change in changes for blob in change.old)
    outcome = outcome_of(git, "changed files", changes, terms, lambda: git.tree(after), known)
    changed = policy_changes(known, changes, allowed=allow)
    told = scan_messages(git, [last], (f"^{first}",), terms.policy)
    return outcome._replace(judgement=outcome.judgement + changed).joined(told)


def resolve(git: Git, revision: str) -> str:
    """Return the commit that *revision* names. Raises GitOpsSecretsError where there is none."""
    try:
        return (
            git.ask(
                "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}"
            )
            .decode()
            .strip()
        )
    except GitOpsSecretsError:
        if revision == "HEAD":
            raise GitOpsSecretsError(
                "there is no commit here yet", "gitops-secrets scan, for what is staged"
            ) from None
        raise GitOpsSecretsError(
            f"there is no commit {revision!r} here",
            "git fetch --unshallow, or fetch-depth: 0 in CI, brings the whole history",
        ) from None


def scan_files(paths: Sequence[str]) -> Outcome:
    """Judge files and folders as they lie on disk, whether Git knows them or not.

    ``.git`` folders are left out; the policy is that of the files' own work tree, or of where they
    lie. A symlink is judged by where it leads to in words, never followed.
    """
    missing = [path for path in paths if not os.path.lexists(path)]
    if missing:
        raise UsageError(f"{missing[0]} does not exist")
    top = _top(Path(paths[0]))
    known = Known(Git(str(top)), lambda read: ((p, part) for p in read for part in _parts(p)))
    changes: list[Change] = []
    unread: list[str] = []
    for path in _walk(paths):
        name = os.path.relpath(os.path.realpath(os.path.dirname(path) or "."), top)
        shown = os.path.normpath(os.path.join(name, os.path.basename(path)))
        try:
            for part in _parts(path):
                known.add(path, engine.examine(part))
        except OSError as error:
            unread.append(f"{known.telling.words(path)}: {error.strerror}")
            continue
        changes.append(Change(shown, path))
    judge = Judge(known, Policy.read_by(lambda: _policy_of_files(top)), None)
    judgement = judge.judge(changes, {})
    return Outcome("files", len(changes), judgement, tuple(unread))


def _top(path: Path) -> Path:
    folder = path if path.is_dir() else path.parent
    try:
        top = Git(str(folder)).ask("rev-parse", "--show-toplevel")
    except GitOpsSecretsError:
        return folder.resolve()
    return Path(os.fsdecode(top.rstrip(b"\n")))


def _walk(paths: Sequence[str]) -> Iterator[str]:
    for path in dict.fromkeys(paths):
        if os.path.islink(path) or not os.path.isdir(path):
            yield path
            continue
        for folder, folders, names in os.walk(path):
            folders[:] = sorted(name for name in folders if name != ".git")
            links = [n for n in folders if os.path.islink(os.path.join(folder, n))]
            yield from (os.path.join(folder, name) for name in sorted([*names, *links]))


def _parts(path: str) -> Iterator[bytes]:
    """Yield a file's content as Git would hold it; a large one in parts that overlap."""
    mode = os.lstat(path).st_mode
    if stat.S_ISLNK(mode):
        yield os.fsencode(os.readlink(path))
    elif stat.S_ISREG(mode):
        with open(path, "rb") as file:
            before = b""
            while part := file.read(LARGEST):
                yield before + part
                before = part[-OVERLAP:]


def _policy_of_files(top: Path) -> Parts:
    files: dict[str, bytes] = {}
    for folder, folders, names in os.walk(top):
        folders[:] = [name for name in folders if name != ".git"]
        for name in {SOPS_CONFIG, BASELINE_FILE} & set(names):
            path = os.path.relpath(os.path.join(folder, name), top)
            files[path] = Path(folder, name).read_bytes()
    return policies.parts_of(files)
