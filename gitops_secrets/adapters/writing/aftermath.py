"""What became of a run that failed or was killed, asked of Git, and taken back if it did not come through.

Nothing of somebody else's goes with it: a commit that another branch has, a file that was saved meanwhile.
"""

from __future__ import annotations

from contextlib import suppress

from gitops_secrets.adapters.files import read_file, replace_file, temporary_of
from gitops_secrets.adapters.git.locks import remove_stale_locks
from gitops_secrets.adapters.git.repository import Repository, literal
from gitops_secrets.adapters.writing.branching import leave_branch, reference_of
from gitops_secrets.adapters.writing.journal import Desk, Entry, Journal, digest_of


class Aftermath:
    """The end of one repository's run, as its journal tells what it was about."""

    def __init__(self, repository: Repository, desk: Desk) -> None:
        self._repository = repository
        self._desk = desk

    def take_back(self, journal: Journal, mine: str) -> tuple[str, list[str]]:
        """Take a run back, the commit *mine* too if nobody else has it.

        Return what stands, in words, "" if all is as before; and the files of which a copy is kept.
        """
        if not journal.commits and self._desk.journal.exists() and self.stands(journal):
            self._desk.end()
            return written(journal), []
        made = ""
        if journal.commits and not (mine and self._move_back(journal, mine)):
            made = self.made(journal) or (mine if mine and self._repository.holders(mine) else "")
        if not made:
            # What a hook made of our files goes too: they were as Git has them before this run.
            kept = self.put_back(journal, whatever_they_hold=journal.commits)[1]
            return "", kept
        remove_stale_locks(self._repository, journal.branch, self._desk.journal)
        self._desk.end()
        return self._standing(journal, made), []

    def unwrite(self, journal: Journal) -> None:
        """Put the files of *journal*, all of which were written by this process, back as they were."""
        self._desk.free_room()
        for path, entry in journal.files.items():
            self._restore(path, entry, journal.token)
        self._desk.end()

    def _standing(self, journal: Journal, made: str) -> str:
        holders = self._repository.holders(made)
        own = reference_of(journal)
        holder = own if own in holders else next(iter(holders), "HEAD")
        return standing(made, holder.removeprefix("refs/heads/"))

    def made(self, journal: Journal) -> str:
        """Return the commit that came of *journal*, on its branch or on the one that is checked out; else ""."""
        repository = self._repository
        excluded = [f"^{journal.commit}"] if journal.commit else []
        for reference in (reference_of(journal), "HEAD"):
            if not repository.commit(reference):
                continue
            listed = repository.git(
                *("rev-list", "--first-parent", "--reverse", "--max-count=100"),
                *(reference, *excluded),
            )
            for commit in listed.stdout.decode().split():
                _, contents = repository.contents(commit, list(journal.files))
                if all(is_same(contents[p], entry.after) for p, entry in journal.files.items()):
                    return commit
        return ""

    def is_new(self, journal: Journal, commit: str) -> bool:
        """Return whether *commit* is not among those that were there before the run."""
        excluded = [f"^{journal.commit}"] if journal.commit else []
        return self._repository.ask("rev-list", "--max-count=1", commit, *excluded) != b""

    def _move_back(self, journal: Journal, mine: str) -> bool:
        """Move the branch that has *mine* as its last commit to before it; return whether it was done.

        Not if anything else reaches *mine*, somebody moved the branch since, or *mine* does not follow on
        what the branch was at: whatever it followed on is not ours to go back to.
        """
        repository, own = self._repository, reference_of(journal)
        holders = repository.holders(mine)
        before = repository.parents(mine)
        if before != ([journal.commit] if journal.commit else []):
            return False
        if len(holders) > 1 or any(repository.commit(name) != mine for name in holders or ["HEAD"]):
            return False
        for reference in holders:
            back = [reference, before[0], mine] if before else ["-d", reference, mine]
            if repository.git("update-ref", *back).status:
                return False
        if repository.head_reference() != own and repository.commit(own) == (before or [""])[0]:
            # A hook had switched away from it, at the same commit.
            repository.ask("symbolic-ref", "HEAD", own)
        return True

    def put_back(
        self, journal: Journal, *, whatever_they_hold: bool
    ) -> tuple[list[str], list[str]]:
        """Put files and index back.

        Return the files that were left, as changed since, and those of which a copy is kept.
        """
        repository = self._repository
        self._desk.free_room()
        if not self._desk.journal.exists():
            # Nothing was begun, and what differs in the work tree is the user's.
            return [], []
        left, kept = [], []
        ours = self._not_committed_since(journal)
        for path in ours:
            entry = journal.files[path]
            is_theirs = self._is_theirs(path, entry, journal.token)
            if is_theirs and not whatever_they_hold:
                left.append(path)
                continue
            if is_theirs:
                self._desk.keep(path, (repository.top / path).read_bytes())
                kept.append(path)
            if not journal.is_at_once:
                self._restore(path, entry, journal.token)
        for folder in journal.folders:
            with suppress(OSError):
                (repository.top / folder).rmdir()
        if journal.commits:
            remove_stale_locks(repository, journal.branch, self._desk.journal)
            paths = [literal(path) for path in ours]
            if paths and repository.commit("HEAD"):
                repository.ask("reset", "--quiet", "--", *paths)
            elif paths:
                repository.ask("rm", "--cached", "--quiet", "--ignore-unmatch", "--", *paths)
            leave_branch(repository, journal)
        self._desk.end()
        return [] if journal.is_at_once else left, kept

    def write_the_rest(self, journal: Journal) -> list[str]:
        """Write what a killed run that makes no commit had not come to; return the files that were left, as changed since.

        It cannot be taken back: what the files held may be readable, and is not in the journal.
        """
        self._desk.free_room()
        left = []
        for path, entry in journal.files.items():
            file = self._repository.top / path
            temporary_of(file, journal.token).unlink(missing_ok=True)
            content = read_file(self._repository.top, path)
            if content == entry.after:
                continue
            if digest_of(content) != entry.digest:
                left.append(path)
                continue
            file.parent.mkdir(parents=True, exist_ok=True)
            replace_file(file, entry.after, journal.token)
        self._desk.end()
        return left

    def _not_committed_since(self, journal: Journal) -> list[str]:
        """Return the files that the last commit has as the one before the run; the others are somebody's commit by now.

        Commits are compared with each other: by filters and line ends, a file may differ from its commit.
        """
        paths = list(journal.files)
        if not journal.commits:
            return paths
        _, committed = self._repository.contents("HEAD", paths)
        before = dict[str, bytes | None].fromkeys(paths)
        if journal.commit is not None:
            _, before = self._repository.contents(journal.commit, paths)
        return [path for path in paths if committed[path] == before[path]]

    def _is_theirs(self, path: str, entry: Entry, token: str) -> bool:
        """Return whether *path* holds neither what it held before nor what the run with *token* wrote."""
        file = self._repository.top / path
        temporary_of(file, token).unlink(missing_ok=True)
        return file.is_file() and file.read_bytes() not in (entry.before, entry.after)

    def _restore(self, path: str, entry: Entry, token: str) -> None:
        """Put *path* back as it was before."""
        file = self._repository.top / path
        if entry.before is None:
            file.unlink(missing_ok=True)
        elif not file.is_file() or file.read_bytes() != entry.before:
            replace_file(file, entry.before, token)

    def stands(self, journal: Journal) -> bool:
        """Return whether all of *journal* was done."""
        if not journal.commits:
            top = self._repository.top
            return all(read_file(top, p) == entry.after for p, entry in journal.files.items())
        made = self.made(journal)
        if made:
            remove_stale_locks(self._repository, journal.branch, self._desk.journal)
        return bool(made)


def standing(made: str, branch: str) -> str:
    """Return in words that the commit *made* stands."""
    return f"the commit {made[:10]} stands on {branch}"


def written(journal: Journal) -> str:
    """Return in words that all files of *journal* are written."""
    return f"{', '.join(journal.files)} {'is' if len(journal.files) == 1 else 'are'} written"


def is_same(one: bytes | None, other: bytes) -> bool:
    """Return whether Git holds *one* for *other*."""
    # Git may check files out with CRLF, and commits them without.
    return one is not None and one.replace(b"\r\n", b"\n") == other.replace(b"\r\n", b"\n")
