"""Contents read through memory are those that come through a pipe, however many bytes they have."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.support.user import User

SCRIPT = """
import sys
from gitops_secrets.adapters import bulk
from gitops_secrets.adapters.objects import Git
bulk._ROOM = int(sys.argv[1])
bulk.limit_room()
ids = sys.argv[2:]
git = Git()
assert (bulk._all_of(git, ids) is None) == (sys.argv[1] == "1000")
assert list(bulk.contents_at_once(git, ids)) == list(git.contents(ids))
assert list(bulk.contents_at_once(git, [])) == []
"""


@pytest.mark.parametrize("room", [1000, 1_000_000])
def test_they_are_the_same(user: User, room: int) -> None:
    user.commit({"a": "one\n", "empty": "", "b/large": "x" * 5000, "bytes": b"\0\n\xff\n\n"})
    names = user.git("ls-tree", "-r", "HEAD").split("\n")
    ids = [line.split()[2] for line in names if line]
    others = [user.git("rev-parse", "HEAD^{tree}").strip(), "0" * 40, *ids]
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(room), *ids, *others],
        cwd=user.repository,
        env=user.env,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
