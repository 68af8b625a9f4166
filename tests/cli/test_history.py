"""Long, merged and unusual histories: what is read by several processes at once comes to the same."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.guard.corpus.case import ONLY_DATA, Fresh, encrypt
from tests.support.terminal import Terminal
from tests.support.user import PROGRAM, User

IN_SMALL_PIECES = """
import sys
from gitops_secrets.adapters.cache import facts as facts_cache
from gitops_secrets.adapters.git import history
from gitops_secrets.adapters.git.objects import Git
from gitops_secrets.commands.scan import history as scan_history
from gitops_secrets.commands.scan import history_reader

if sys.argv[1] == "small":
    history._BATCH, history_reader._PART, facts_cache._SECONDS = 7, 5, 0
    history_reader._HELD_CLEAN, history_reader._HELD_FACTS = 20, 6
    scan_history._MANY, scan_history._AHEAD, scan_history._AT_ONCE = 1, 1, 2
held = []
forget = history_reader.Reader.forget

def watched(self):
    forget(self)
    held.append((len(self.known.clean), len(self.known.facts)))
    if len(held) == int(sys.argv[2]):
        raise KeyboardInterrupt

history_reader.Reader.forget = watched
outcome = scan_history.scan_history(Git(), None, lambda *_: None, cached=True)
print(outcome.looked_at, *(f"{f.rule} {f.path} {f.commit}" for f in outcome.findings), sep="\\n")
if sys.argv[1] == "small":
    assert max(clean for clean, _ in held) <= 20 + 3 * 7 * 3 + 2, held
    assert max(facts for _, facts in held) <= 6, held
"""
"""One run of the guard, in pieces as small as they get: of a history so long that none fits into memory."""

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


def test_a_history_that_does_not_fit_into_memory_is_judged_the_same(user: User):
    secrets = {n: Fresh().secret.replace("regcred", f"regcred-{n}") for n in range(3, 90, 4)}
    secrets |= {50: secrets[3], 80: secrets[7]}
    grow(user, 100, secrets)
    cache = user.facts()

    def run(how: str, interrupted: int = 0) -> list[str]:
        argv = [sys.executable, "-c", IN_SMALL_PIECES, how, str(interrupted)]
        result = user.program(argv)
        assert interrupted or result.status == 0, result.printed
        return result.stdout.splitlines()

    whole = run("whole")
    assert len(whole) == 1 + len(set(secrets.values()))
    cache.unlink()
    assert run("small") == whole
    assert run("small") == whole
    cache.unlink()
    assert run("small", interrupted=6) == []
    assert cache.exists()
    assert run("small") == whole
    grow_again = Fresh().secret
    user.commit({"d/regcred.yaml": grow_again, "a/copy.yaml": secrets[11]})
    more = run("small")
    assert len(more) == len(whole) + 2
    cache.unlink()
    assert run("whole") == more


def test_paths_that_look_like_changes_lead_no_finding_astray(user: User):
    zeros, guilty = "0" * 40, Fresh().secret
    meta = f":100644 100644 {zeros} {'1' * 19}\n{'2' * 20} M"
    other = f":100644 100644 {zeros} {'3' * 40} M"
    user.commit({meta: "a\n", other: "b\n", "::100644 100644 100644": "c\n", "z/a.yaml": guilty})
    user.commit({"z/b.txt": "d\n", "z/c.txt": "e\n"})
    for _ in ("cold", "warm"):
        result = user.run("scan", "--history")
        assert result.stdout.count("error[") == 1
        assert result.stdout.startswith("z/a.yaml:")
        assert "looked at 6 contents" in result.stdout


def test_what_a_merge_brings_in_is_found_there_though_a_later_commit_brings_it_again(user: User):
    secret = Fresh().secret
    stream, where = [], {10: "p.yaml", 30: "q.yaml"}
    for number in range(1, 41):
        stream.append(f"commit refs/heads/main\nmark :{number}\n")
        stream.append(f"committer A <a@example.com> {number} +0000\ndata 1\nx\n")
        stream += [f"merge :{number - 3}\n"] * (number == 10)
        content = secret if number in where else f"{number}\n"
        path = where.get(number, "n.txt")
        stream.append(f"M 100644 inline {path}\ndata {len(content)}\n{content}\n")
    argv = ["git", "fast-import", "--quiet"]
    assert user.program(argv, stdin="".join(stream).encode()).status == 0
    whole, small = (
        user.program([sys.executable, "-c", IN_SMALL_PIECES, how, "0"])
        for how in ("whole", "small")
    )
    assert whole.stdout.count("p.yaml") == whole.stdout.count("q.yaml") == 1
    assert small.stdout == whole.stdout


def test_what_a_shallow_clone_did_not_have_is_looked_at_once_it_is_there(user: User):
    user.commit({"a.yaml": Fresh().secret})
    (user.repository / "a.yaml").unlink()
    user.commit({"b.txt": "1\n"})
    shallow = user.temporary / "shallow"
    user.git("clone", "--quiet", "--depth=1", f"file://{user.repository}", str(shallow))
    user.repository = shallow
    result = user.run("scan", "--history")
    assert result.status == 3, "commits that are not there were not looked at"
    assert "git fetch --unshallow" in result.stdout
    user.git("fetch", "--quiet", "--unshallow")
    assert user.run("scan", "--history").status == 1


def test_a_commit_that_only_a_detached_head_reached_is_forgotten_with_it(user: User):
    user.commit({"a.txt": "1\n"})
    user.git("checkout", "--quiet", "--detach")
    user.commit({"b.yaml": Fresh().secret})
    assert user.run("scan", "--history").status == 1
    user.git("checkout", "--quiet", "main")
    assert user.run("scan", "--history").status == 0


def test_as_many_tips_as_no_command_line_holds_are_remembered(user: User):
    commits = 60_000
    stream = "".join(
        f"commit refs/heads/main\nmark :{n}\ncommitter A <a@example.com> {n} +0000\ndata 0\n"
        for n in range(1, commits)
    )
    marks = user.repository / ".git" / "marks"
    argv = ["git", "fast-import", "--quiet", f"--export-marks={marks}"]
    assert user.program(argv, stdin=stream.encode()).status == 0
    ids = [line.split()[1] for line in marks.read_text().splitlines()]
    refs = sorted(f"{name} refs/pull/{number}\n" for number, name in enumerate(ids))
    refs.sort(key=lambda line: line.split()[1])
    (user.repository / ".git" / "packed-refs").write_text("".join(refs))
    for _ in ("cold", "warm"):
        assert user.run("scan", "--history").status == 0


def test_ciphertext_that_moves_while_its_path_goes_back_is_seen(user: User):
    plain = "kind: Secret\nmetadata: {{name: {}}}\nstringData:\n  a: {}\n"
    first, second = (encrypt(plain.format("app", word), *ONLY_DATA) for word in ("one", "two"))
    user.commit({"p.yaml": first})
    user.commit({"p.yaml": second})
    user.commit({"p.yaml": first, "q.yaml": second.replace("name: app", "name: another")})
    for _ in ("cold", "warm"):
        assert "q.yaml" in user.run("scan", "--history").stdout


def test_a_killed_scan_leaves_no_process_behind(user: User):
    grow(user, COMMITS, {})
    with _scanning(user) as scan:
        assert _until(lambda: len(_session(scan.pid)) > 3), "no process was started to read with"
        scan.kill()
    assert _until(lambda: not _session(scan.pid)), "a process goes on"


def test_where_a_reading_process_is_killed_it_says_so_and_forgets_nothing(user: User):
    grow(user, 30_000, {})
    with _scanning(user) as scan:
        assert _until(lambda: len(_readers(scan.pid)) > 1)
        os.kill(_readers(scan.pid)[0], signal.SIGKILL)
        out, err = scan.communicate(timeout=60)
    assert scan.returncode == 3, err
    assert b"a process that reads contents was killed" in err
    assert out == b""
    assert "looked at 60000 contents, nothing found" in user.run("scan", "--history").stdout


def test_an_interrupted_scan_ends_at_once_without_a_word_too_many(user: User):
    grow(user, 30_000, {})
    with _scanning(user) as scan:
        assert _until(lambda: len(_readers(scan.pid)) > 1)
        os.killpg(scan.pid, signal.SIGINT)
        out, err = scan.communicate(timeout=60)
    assert scan.returncode == 130, err
    assert (out, err.strip()) == (b"", b"gitops-secrets: error: interrupted; nothing was changed")
    assert _until(lambda: not _session(scan.pid)), "a process goes on"


def _scanning(user: User) -> subprocess.Popen[bytes]:
    """A scan of the history that goes on, in a session of its own."""
    return subprocess.Popen(
        [PROGRAM, "scan", "--history"],
        cwd=user.repository,
        env=user.env,
        start_new_session=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def _readers(leader: int) -> list[int]:
    """The processes of *leader* that have a git of their own to read contents with."""
    found = []
    for pid in _session(leader):
        with contextlib.suppress(OSError):
            stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            if b"cat-file" in Path(f"/proc/{pid}/cmdline").read_bytes() and int(stat[1]) != leader:
                found.append(int(stat[1]))
    return found


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


def test_a_line_that_stays_through_many_versions_is_told_once_with_their_commits(user: User):
    fresh, later = Fresh(), Fresh()
    login = f"docker login -u {fresh.user} -p {fresh.password} ghcr.io\n"
    commits = []
    for text in (login, f"# by hand\n{login}", f"# by hand\n\n{login}ls\n"):
        user.commit({"login.sh": text})
        commits.append(user.git("rev-parse", "HEAD").strip())
    user.commit({"login.sh": login.replace(fresh.password, later.password)})
    result = user.run("scan", "--history")
    assert result.status == 1
    since, also, last = (commit[:12] for commit in commits)
    assert f"login.sh:1:{login.index(fresh.password) + 1}: error[registry-login]" in result.stdout
    assert f"since commit {since}, also in {also}, {last}\n" in result.stdout
    assert result.stdout.count("error[") == 2, "another password is another finding"
    report = json.loads(user.run("scan", "--history", "--output", "json").stdout)
    assert sorted(len(f["commits"]) for f in report["findings"]) == [1, 3]
    assert commits in [f["commits"] for f in report["findings"]]
