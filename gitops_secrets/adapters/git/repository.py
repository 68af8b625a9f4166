"""Git, asked through its own commands: every answer is Git's, every commit is made by it."""

from __future__ import annotations

import datetime as dt
import os
import shlex
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from gitops_secrets.adapters.git.missing import BRINGS, git_failed
from gitops_secrets.adapters.git.settings import WRITING, environment_of
from gitops_secrets.adapters.running.process import Completed, Started, inherited_environment
from gitops_secrets.errors import GitOpsSecretsError

_UNDER_WAY = {
    "MERGE_HEAD": "a merge",
    "rebase-merge": "a rebase",
    "rebase-apply": "a rebase",
    "CHERRY_PICK_HEAD": "a cherry-pick",
    "REVERT_HEAD": "a revert",
}

_NOTHING = "0" * 40
"""The id that no object has."""


class Head(NamedTuple):
    """Where the repository stands. ``commit`` is None before the first one."""

    branch: str | None
    """The branch checked out, None where HEAD is detached."""
    commit: str | None
    upstream: str | None


class Listing(NamedTuple):
    """The files of a repository."""

    files: list[str]
    """Every file that is tracked, or is new and not ignored, by its path from the top."""
    unseen: dict[str, str]
    """Tracked files whose changes Git does not look for, each with the flag of git-update-index(1)."""


class Repository(NamedTuple):
    """A Git work tree."""

    top: Path
    git_dir: Path
    filters: tuple[str, ...] = ()
    """The names of the filters that any configuration has: a question runs none of them."""

    def git(self, *arguments: str, stdin: bytes = b"", pass_fds: Sequence[int] = ()) -> Completed:
        """Run git with *arguments* in the top folder, whatever its status."""
        with start(self.top, *arguments, filters=self.filters, pass_fds=pass_fds) as program:
            return program.finish(stdin)

    def ask(self, *arguments: str, stdin: bytes = b"") -> bytes:
        """Return what git prints. Raises GitOpsSecretsError with git's own words where it fails."""
        return _answer(self.git(*arguments, stdin=stdin), arguments[0])

    def begin(self, *arguments: str) -> Callable[[], bytes]:
        """Start what ``ask`` asks, and return what waits for its end and returns what git printed."""
        program = start(self.top, *arguments, filters=self.filters)
        return lambda: _answer(program.finish(), arguments[0])

    def list_files(self) -> list[str]:
        """Return every file that is tracked, or is new and not ignored, by its path from the top."""
        return self.begin_listing()().files

    def begin_listing(self) -> Callable[[], Listing]:
        """Ask for the repository's files, and return what waits for the answer."""
        finish = self.begin("ls-files", "-v", "-z", "--cached", "--others", "--exclude-standard")
        return lambda: _read_listing(finish())

    def status(self, paths: Sequence[str]) -> tuple[Head, dict[str, str]]:
        """Return the head, and of *paths* those that differ from it with Git's two-letter state.

        "??" is untracked and "!!" ignored.
        """
        return self.begin_status(paths)()

    def begin_status(self, paths: Sequence[str]) -> Callable[[], tuple[Head, dict[str, str]]]:
        """Ask for ``status``, and return what waits for the answer."""
        finish = self.begin(
            *("status", "--porcelain=v2", "--branch", "-z", "--untracked-files=all"),
            *("--ignored=matching", "--no-renames", "--ignore-submodules=all"),
            *("--", *map(literal, paths)),
        )
        return lambda: self._read_status(finish())

    @staticmethod
    def _read_status(out: bytes) -> tuple[Head, dict[str, str]]:
        states: dict[str, str] = {}
        fields: dict[str, str] = {}
        for line in (os.fsdecode(entry) for entry in out.split(b"\0") if entry):
            mark, _, rest = line.partition(" ")
            if mark == "#":
                key, _, value = rest.partition(" ")
                fields[key] = value
            elif mark in ("?", "!"):
                states[rest] = mark * 2
            else:
                states[rest.split(" ", 9 if mark == "u" else 7)[-1]] = rest[:2]
        branch, commit = fields.get("branch.head"), fields.get("branch.oid")
        return Head(
            None if branch == "(detached)" else branch,
            None if commit == "(initial)" else commit,
            fields.get("branch.upstream"),
        ), states

    def is_sparse(self) -> bool:
        """Return whether this is a sparse checkout."""
        done = self.git("config", "--type=bool", "--get", "core.sparseCheckout")
        return done.stdout.strip() == b"true"

    def sparse_hints(self, files: Sequence[str], folders: Sequence[str] = ()) -> tuple[str, str]:
        """Return the commands by which a sparse checkout takes in *files* and *folders*.

        With cone patterns it names folders, and has the files of the top anyway.
        """
        cone = self.git("config", "--type=bool", "--get", "core.sparseCheckoutCone")
        if cone.stdout.strip() == b"true":
            names = sorted({*map(os.path.dirname, files), *folders} - {""})
        else:
            names = [f"/{path}" for path in (*files, *(f"{folder}/" for folder in folders))]
        add = shlex.join(["git", "sparse-checkout", "add", *names])
        return add, "or all of it: git sparse-checkout disable"

    def differs(self, path: str) -> bool:
        """Return whether *path* differs from the last commit by the filters of the user's own configuration.

        They run for it, so it is asked only where a commit would run them too.
        """
        arguments = (
            "diff",
            "--quiet",
            "--no-ext-diff",
            "--no-textconv",
            "HEAD",
            "--",
            literal(path),
        )
        with start(self.top, *arguments, as_user=True) as program:
            return program.finish(b"").status != 0

    def operation_under_way(self) -> str | None:
        """Return what Git is in the middle of ("a merge"), or None."""
        return next(
            (what for name, what in _UNDER_WAY.items() if (self.git_dir / name).exists()), None
        )

    def is_rebasing(self) -> bool:
        """Return whether a rebase is under way: what Git calls ours is the branch that it goes onto then."""
        return self.operation_under_way() == _UNDER_WAY["rebase-merge"]

    def contents(self, revision: str, paths: Sequence[str]) -> tuple[str, dict[str, bytes | None]]:
        """Return the commit of *revision* and what *paths* hold in it, None where they are not there.

        The commit is empty, and every content None, where there is no such revision.
        """
        found = self._objects([revision, *(f"{revision}:{path}" for path in paths)])
        return found[0][0], {path: c for path, (_, c) in zip(paths, found[1:], strict=True)}

    def commit(self, revision: str) -> str:
        """Return the commit that *revision* names, "" where there is none."""
        done = self.git(
            "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}"
        )
        return "" if done.status else done.stdout.decode().strip()

    def is_ancestor(self, commit: str, revision: str) -> bool:
        """Return whether *revision* has *commit* in its history; False if one of them is not known here."""
        return not self.git("merge-base", "--is-ancestor", commit, revision).status

    def time_of(self, commit: str) -> dt.datetime:
        """Return when *commit* was made, as its committer's clock said."""
        seconds = int(self.ask("show", "--no-patch", "--format=%ct", commit))
        return dt.datetime.fromtimestamp(seconds, dt.UTC)

    def parents(self, commit: str) -> list[str]:
        """Return the parents of *commit*, none for a first one."""
        return self.ask("rev-list", "--parents", "--max-count=1", commit).decode().split()[1:]

    def changed(self, commit: str) -> tuple[str, dict[str, str]]:
        """Return the id of *commit*, and the blob that it gives each path that it changes; none for a merge."""
        wanted = ("--root", "-r", "-z", "--raw", "--always", "--no-renames", "--no-abbrev")
        out = self.ask("diff-tree", *wanted, commit)
        fields = os.fsdecode(out).split("\0")
        metas, paths = fields[1::2], fields[2::2]
        return fields[0], {
            path: meta.split(" ")[3] for meta, path in zip(metas, paths, strict=False)
        }

    def holders(self, commit: str) -> list[str]:
        """Return the full names of the refs from which *commit* is reached."""
        out = self.ask("for-each-ref", "--format=%(refname)", f"--contains={commit}")
        return [name for name in os.fsdecode(out).split("\n") if name]

    def head_reference(self) -> str:
        """Return the full name of the branch that is checked out, "" if there is none."""
        done = self.git("symbolic-ref", "--quiet", "HEAD")
        return os.fsdecode(done.stdout.removesuffix(b"\n"))

    def blobs(self, ids: Sequence[str]) -> dict[str, bytes]:
        """Return the contents of blobs by their ids.

        Raises GitOpsSecretsError if one is missing, as in a partial clone, which would have to fetch it.
        """
        found = {}
        for blob, (_, content) in zip(ids, self._objects(ids), strict=True):
            if content is None:
                raise GitOpsSecretsError(f"the object {blob} is not in {self.top}", BRINGS)
            found[blob] = content
        return found

    def _on_one_line(self, name: str) -> str:
        """Return *name*, or the id of what it names if it holds a line feed: git is asked line by line."""
        if "\n" not in name:
            return name
        done = self.git("rev-parse", "--verify", "--quiet", "--end-of-options", name)
        return _NOTHING if done.status else done.stdout.decode().strip()

    def _objects(self, names: Sequence[str]) -> list[tuple[str, bytes | None]]:
        """Return id and content of each object of *names*, asked of git at once."""
        if not names:
            return []
        lines = [self._on_one_line(name) for name in names]
        out = self.ask("cat-file", "--batch", stdin=os.fsencode("\n".join(lines) + "\n"))
        found: list[tuple[str, bytes | None]] = []
        at = 0
        while at < len(out):
            end = out.index(b"\n", at)
            fields = out[at:end].split(b" ")
            at = end + 1
            if len(fields) == 3 and fields[1] in (b"blob", b"commit"):
                size = int(fields[2])
                found.append((fields[0].decode(), out[at : at + size]))
                at += size + 1
            else:
                found.append(("", None))
        return found


def literal(path: str) -> str:
    """Return the pathspec that means *path*, and what lies below it, and nothing else, from the top."""
    return ":(top)" if path == "." else f":(top,literal){path}"


def _read_listing(out: bytes) -> Listing:
    files, unseen = set[str](), {}
    for entry in (os.fsdecode(entry) for entry in out.split(b"\0") if entry):
        tag, path = entry[0], entry[2:]
        files.add(path)
        if tag in "Ss":
            unseen[path] = "skip-worktree"
        elif tag.islower():
            unseen[path] = "assume-unchanged"
    return Listing(sorted(files), unseen)


def words(done: Completed) -> str:
    """Return what git said, on one line, for an error: without its hints, and its warnings if there is more."""
    said = (done.stderr.strip() or done.stdout.strip()).decode(errors="replace")
    lines = [line for line in said.splitlines() if not line.startswith("hint:")]
    # Git warns of line ends for each file, and says why it failed in between.
    lines = [line for line in lines if not line.startswith("warning:")] or lines
    return " ".join(" ".join(lines).split()) or f"status {done.status}"


def _answer(done: Completed, command: str) -> bytes:
    if done.status:
        raise git_failed(command, words(done))
    return done.stdout


def start(
    folder: Path,
    *arguments: str,
    filters: Sequence[str] = (),
    pass_fds: Sequence[int] = (),
    as_user: bool = False,
    settings: Sequence[tuple[str, str]] = (),
) -> Started:
    """Start git in *folder*, for a question or as one of the commands of WRITING; or *as_user*, with all that is configured.

    *settings* outrank those of every configuration.
    """
    command = next(a for a in arguments if not a.startswith("-") and "=" not in a)
    asks = command not in WRITING and not as_user
    env = environment_of(
        inherited_environment(),
        str(folder),
        asks=asks,
        filters=filters if asks else (),
        more=settings,
    )
    try:
        return Started(["git", *arguments], env=env, cwd=str(folder), pass_fds=pass_fds)
    except FileNotFoundError:
        if not folder.is_dir():
            raise GitOpsSecretsError(f"{folder} is not there any more") from None
        raise GitOpsSecretsError("git is not installed", "install git 2.35 or newer") from None
