"""A repository on a file system that is mounted read-only."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.support.user import BOOTSTRAP, PROGRAM, User


def test_a_read_only_repository_is_refused_and_named(tmp_path: Path) -> None:
    user = User(tmp_path)
    user.commit({"a": "1"})
    before = user.state()
    script = 'mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" && shift && exec "$@"'
    done = subprocess.run(
        [
            *("unshare", "--map-root-user", "--mount", "sh", "-c", script, "sh"),
            *(str(user.repository), str(PROGRAM), *BOOTSTRAP, "--repo", str(user.repository)),
        ],
        cwd=tmp_path,
        env={**user.env, "CREDS": "robot:hunter2hunter2"},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 3, done.stderr
    assert b"cannot be written: Read-only file system" in done.stderr
    assert str(user.repository).encode() in done.stderr
    assert b"hunter2" not in done.stdout + done.stderr
    assert user.state() == before
