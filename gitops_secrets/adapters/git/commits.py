"""What commits change."""

from __future__ import annotations

import os

from gitops_secrets.adapters.git.objects import Git, open_input
from gitops_secrets.adapters.git.rawdiff import parse_commits, read_fields

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gitops_secrets.adapters.git.rawdiff import Change

OF_COMMITS = ("diff-tree", "--stdin", "-r", "-z", "--root", "-c", "--raw", "--no-renames", "--no-abbrev",
              "--ignore-submodules=dirty")  # fmt: skip
"""What prints the changes of the commits that it reads, for ``parse_commits``."""


def changes_of(git: Git, *revisions: str, ids: Sequence[str] = ()) -> Iterator[Change]:
    """Yield what each commit that *ids* and then *revisions* name changed, oldest first.

    *revisions* are rev-list's own terms (``--all``, ``A..B``, ``--not``), *ids* those of commits.
    Of a merge only what differs from all of its parents: the rest came in with them.
    """
    walk = ("rev-list", "--topo-order", "--reverse", *(("--stdin",) if ids else ()), *revisions)
    given = "".join(f"{name}\n" for name in ids).encode()
    commits, listed = git.start(walk, open_input(given))
    with listed:
        process, output = git.start(OF_COMMITS, os.dup(listed.fileno()))
    with output:
        yield from parse_commits(read_fields(output))
    git.wait(commits, walk, given)
    git.wait(process, OF_COMMITS, b"")
