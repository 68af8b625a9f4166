"""The watch for leaks finds one in every place that it claims to look at.

A program made for this, which leaks on purpose, stands in for the command.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.leaks import Watch, files_below
from tests.support.secrets import mixed
from tests.support.spellings import spellings
from tests.support.user import Result, User

LEAKY = """
import base64, json, os, subprocess, sys, time, urllib.parse
how, secret = sys.argv[1], os.environ["CREDS"].partition(":")[2]
env = {k: v for k, v in os.environ.items() if k != "CREDS"}
child = [sys.executable, "-c", "import time; time.sleep(0.4)"]
git = lambda *a, **k: subprocess.run(["git", *a], env=env, check=True, capture_output=True, **k)
docker = lambda pad: base64.b64encode(json.dumps({"auths": {pad: {"auth": base64.b64encode(
    f"robot:{secret}".encode()).decode()}}}).encode()).decode()
def orphan():
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.execve(sys.executable, ["daemon", *child[1:]], {**env, "X": secret})
        os._exit(0)
    os.wait()
    time.sleep(0.4)
def packed():
    git("hash-object", "-w", "--stdin", input=secret.encode())
    open("a", "w").write(secret)
    git("add", "a")
    git("repack", "-a", "-d")
    git("rm", "--quiet", "--force", "a")
def passing(folder):
    path = os.path.join(folder, "passing")
    open(path, "w").write(secret)
    # Until the watch has linked it, however busy the machine is.
    end = time.monotonic() + 30
    while os.stat(path).st_nlink == 1 and time.monotonic() < end:
        time.sleep(0.001)
    os.remove(path)
def passing_folder():
    path = os.path.join(os.environ["TMPDIR"], "folder")
    os.mkdir(path)
    passing(path)
    os.rmdir(path)
def open_for_others():
    open(f"/tmp/{os.path.basename(os.path.dirname(env['HOME']))}-leak", "w").write(secret)
{
    "a child's command line": lambda: subprocess.run([*child, secret], env=env),
    "a child's environment": lambda: subprocess.run(child, env={**env, "OTHER": secret}),
    "the user's variable, handed on": lambda: subprocess.run(child),
    "a grandchild's environment": lambda: subprocess.run([sys.executable, "-c", "import os, subprocess, sys; s = sys.stdin.read(); subprocess.run([sys.executable, '-c', 'import time; time.sleep(0.4)'], env={'X': s})"], env=env, input=secret.encode()),
    "a daemon's environment": orphan,
    "a temporary file": lambda: open(os.path.join(os.environ["TMPDIR"], "x"), "w").write(secret),
    "a temporary file, removed": lambda: passing(os.environ["TMPDIR"]),
    "a temporary folder, removed": passing_folder,
    "a file of the work tree, removed": lambda: passing("."),
    "a file in everybody's folder": open_for_others,
    "HOME": lambda: open(os.path.join(env["HOME"], ".history"), "w").write(secret),
    "the work tree": lambda: open("values.yaml", "w").write(secret),
    "a file's name": lambda: open(secret, "w").close(),
    "a symlink": lambda: os.symlink(secret, "link"),
    "an unreachable object": lambda: git("hash-object", "-w", "--stdin", input=secret.encode()),
    "a packed object": packed,
    "a commit's message": lambda: git("commit", "--allow-empty", "--quiet", "-m", secret),
    "the reflog": lambda: git("update-ref", "-m", secret, "--create-reflog", "refs/x", git("commit-tree", "-m", "x", git("write-tree").stdout.decode().strip()).stdout.decode().strip()),
    "standard output": lambda: print(secret),
    "standard error": lambda: print(secret, file=sys.stderr),
    "in base64": lambda: print(base64.b64encode(secret.encode()).decode()),
    "in base64, one byte on": lambda: print(base64.b64encode(b"x" + secret.encode()).decode()),
    "in base64, two bytes on": lambda: print(base64.b64encode(b"xx" + secret.encode()).decode()),
    "in base64 without padding": lambda: print(base64.b64encode(secret.encode()).decode().rstrip("=")),
    "in base64 for URLs": lambda: print(base64.urlsafe_b64encode(secret.encode()).decode()),
    "as auth": lambda: print(base64.b64encode(f"robot:{secret}".encode()).decode()),
    "as auth of another user": lambda: print(base64.b64encode(f"somebody:{secret}".encode()).decode()),
    "in a docker config": lambda: print(docker("r.io")),
    "in a docker config, one byte on": lambda: print(docker("r.ioo")),
    "in a docker config, two bytes on": lambda: print(docker("r.iooo")),
    "as JSON": lambda: print(json.dumps({"password": secret})),
    "in a URL": lambda: print(urllib.parse.quote(secret)),
    "as Python writes it": lambda: print(repr(secret.encode())),
    "as hexadecimal digits": lambda: print(secret.encode().hex()),
    "its beginning": lambda: print(secret[:20]),
    "nowhere": lambda: subprocess.run(child, env=env),
}[how]()
"""
HOWS = [
    line.split('"')[1] for line in LEAKY.splitlines() if line.startswith('    "') and ": " in line
]


def leak(user: User, how: str, secret: str) -> list[str]:
    with Watch(user, secret) as watch:
        done = subprocess.run(
            [sys.executable, "-c", LEAKY, how],
            cwd=user.repository,
            env={**user.env, "CREDS": f"robot:{secret}"},
            capture_output=True,
            check=False,
        )
    assert done.returncode == 0, done.stderr.decode()
    leaks = watch.leaks(Result(done.returncode, done.stdout.decode(), done.stderr.decode()))
    shared = Path("/tmp") / f"{user.home.parent.name}-leak"
    shared.unlink(missing_ok=True)
    return leaks


def made_up() -> str:
    # With what every encoding has to escape in it: without, the escaped form would be the plain one.
    return f"{mixed(16)}~é\"'\\?>{mixed(8)}"


def test_every_piece_of_a_password_that_tests_draw_is_looked_for() -> None:
    for _ in range(200):
        drawn = made_up()
        assert {drawn[at : at + 16].encode() for at in (0, 8)} <= spellings(drawn)


@pytest.mark.parametrize("how", [how for how in HOWS if how != "nowhere"])
def test_a_leak_is_found(user: User, how: str) -> None:
    assert leak(user, how, made_up())


def test_a_folder_of_somebody_else_may_go_away_meanwhile(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        (tmp_path / name / "below").mkdir(parents=True)
    seen = files_below(tmp_path, tmp_path)
    next(seen)
    shutil.rmtree(tmp_path)
    assert list(seen) == []


def test_a_program_that_leaks_nothing_is_not_accused(user: User) -> None:
    assert leak(user, "nowhere", made_up()) == []


def test_the_argument_that_the_user_gave_is_his_own(user: User) -> None:
    secret = made_up()
    argv = [sys.executable, "-c", "import time; time.sleep(0.4)", secret]
    with Watch(user, secret, own_arguments=True) as his_own, Watch(user, secret) as ours:
        subprocess.run(argv, env=user.env, check=True)
    assert his_own.leaks() == []
    assert ours.leaks() != []
