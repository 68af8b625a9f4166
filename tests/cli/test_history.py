"""Long, merged and unusual histories: what is read by several processes at once comes to the same."""

from __future__ import annotations

import contextlib
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.guard.corpus.case import Fresh
from tests.support.terminal import Terminal
from tests.support.user import PROGRAM, User

COMMITS = 2500
GUILTY = 1234


def grow(user: User, commits: int, secrets: dict[int, str]) -> dict[int, str]:
    """Append *commits* with two contents each; return the ids of those with a text of *secrets* instead."""
    stream = []
    for number in range(1, commits + 1):
        stream.append(
            f"commit refs/heads/main\nmark :{number}\n"
            f"committer A <a@example.com> {number} +0000\ndata 1\nx\n"
        )
        contents = {
            f"a/{number % 40}.yaml": f"n: {number}\n",
            f"b/{number % 7}.yaml": f"m: -{number}\n",
        }
        if number in secrets:
            contents["c/regcred.yaml"] = secrets[number]
        if number - 1 in secrets:
            stream.append("D c/regcred.yaml\n")
        stream += [f"M 100644 inline {p}\ndata {len(c)}\n{c}\n" for p, c in contents.items()]
    marks = user.repository / ".git" / "marks"
    argv = ["git", "fast-import", "--quiet", "--force", f"--export-marks={marks}"]
    assert user.program(argv, stdin="".join(stream).encode()).status == 0
    ids = dict(line.split(" ") for line in marks.read_text().splitlines())
    return {number: ids[f":{number}"] for number in secrets}


def test_among_thousands_of_commits_the_one_that_brought_a_secret_is_named(user: User):
    fresh, later = Fresh(), Fresh()
    ids = grow(user, COMMITS, {GUILTY: fresh.secret, GUILTY + 9: fresh.secret, 2400: later.secret})
    for _ in ("cold", "warm"):
        result = user.run("scan", "--history")
        assert result.status == 1
        assert f"looked at {2 * COMMITS + 2} contents, 2 findings" in result.stdout
        named = [line.split()[-1] for line in result.stdout.splitlines() if "since commit" in line]
        assert sorted(named) == sorted([ids[GUILTY][:12], ids[2400][:12]])
        assert fresh.password not in result.printed


def test_a_killed_scan_leaves_no_process_behind(user: User):
    grow(user, COMMITS, {})
    with subprocess.Popen(
        [PROGRAM, "scan", "--history"],
        cwd=user.repository,
        env=user.env,
        start_new_session=True,
        stdout=subprocess.DEVNULL,
    ) as scan:
        assert _until(lambda: len(_session(scan.pid)) > 3), "no process was started to read with"
        scan.kill()
    assert _until(lambda: not _session(scan.pid)), "a process goes on"


def _session(leader: int) -> list[str]:
    """The processes of one session, whoever their parent is now."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = stat.read_text().rpartition(")")[2].split()
            if fields[3] == str(leader) and fields[0] != "Z":
                found.append(stat.parent.name)
    return found


def _until(is_so: Callable[[], bool], seconds: float = 30) -> bool:
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        if is_so():
            return True
        time.sleep(0.01)
    return False


def test_on_a_terminal_a_bar_shows_how_far_it_is(user: User):
    grow(user, COMMITS, {})
    terminal = Terminal(user, [PROGRAM, "scan", "--history"])
    assert terminal.end() == 0
    shown = terminal.shown.decode()
    assert "reading history" in shown
    assert "100%" in shown
    assert "reading history" not in user.run("scan", "--history", "--no-cache").printed


def test_what_only_a_merge_brings_in_is_found(user: User):
    fresh = Fresh()
    user.commit({"a.txt": "1\n", "b.yaml": "b: 1\n"})
    user.git("switch", "--quiet", "--create", "side")
    user.commit({"a.txt": "2\n", "b.yaml": "b: 2\n"})
    user.git("switch", "--quiet", "main")
    user.commit({"c.txt": "3\n", "b.yaml": "b: 3\n"})
    user.git("merge", "--quiet", "--no-commit", "--strategy=ours", "side")
    user.commit({"b.yaml": fresh.secret, "new.yaml": Fresh().secret})
    guilty = user.git("rev-parse", "HEAD").strip()
    assert len(user.git("rev-parse", "HEAD^@").split()) == 2
    user.commit({"b.yaml": "b: 4\n", "new.yaml": "n: 1\n"})
    result = user.run("scan", "--history")
    assert result.stdout.count("error[plaintext-dockerconfigjson]") == 2
    assert result.stdout.count(f"since commit {guilty[:12]}") == 2


@pytest.mark.parametrize("cache", [(), ("--no-cache",)])
def test_a_repository_of_sha_256_is_read_and_remembered(user: User, cache: tuple[str, ...]):
    folder = user.temporary / "sha256"
    user.git("init", "--quiet", "--initial-branch=main", "--object-format=sha256", str(folder))
    user.repository = folder
    fresh = Fresh()
    user.commit({"a.yaml": fresh.secret, "b.txt": "1\n"})
    (folder / "a.yaml").unlink()
    user.commit({})
    for _ in ("cold", "warm"):
        result = user.run("scan", "--history", *cache)
        assert "looked at 2 contents, 1 finding" in result.stdout
    if not cache:
        old = user.git("rev-parse", "HEAD:b.txt").strip()
        (folder / ".git/objects" / old[:2] / old[2:]).unlink()
        assert user.run("scan", "--history").status == 1
