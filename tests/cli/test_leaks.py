"""Nothing readable anywhere: after success, after each kind of failure, after a kill."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support.leaks import Watch
from tests.support.refusal import broken_sops
from tests.support.secrets import mixed
from tests.support.spellings import spellings
from tests.support.user import BOOTSTRAP, PROGRAM, Result, User

LEAKY = """
import base64, os, subprocess, sys, time
secret, channel = os.environ["CREDS"].split(":", 1)[1], sys.argv[1]
if channel == "file": open("left.txt", "w").write(secret)
if channel == "temporary": open(os.environ["TMPDIR"] + "/x", "wb").write(base64.b64encode(b"u:" + secret.encode()))
if channel == "home": open(os.environ["HOME"] + "/x", "w").write(secret)
if channel == "object": subprocess.run(["git", "hash-object", "-w", "--stdin"], input=secret.encode(), stdout=-3)
if channel == "output": print(secret)
if channel == "argument": subprocess.run(["sh", "-c", "sleep 0.3; true", secret])
if channel == "environment": subprocess.run(["sh", "-c", "sleep 0.3; true"], env={"X": secret, "PATH": os.environ["PATH"]})
"""


def password() -> str:
    return mixed() + '"$é'


@pytest.mark.parametrize(
    "channel", ["file", "temporary", "home", "object", "output", "argument", "environment"]
)
def test_the_watch_sees_what_a_leaky_program_leaves(user: User, channel: str) -> None:
    """The program is a fake, made to leak: without it, a watch that sees nothing would pass too."""
    value = password()
    with Watch(user, value) as watch:
        done = subprocess.run(
            [sys.executable, "-c", LEAKY, channel],
            cwd=user.repository,
            env={**user.env, "CREDS": f"robot:{value}"},
            capture_output=True,
            check=True,
        )
    assert watch.leaks(Result(0, done.stdout.decode(), ""))


def test_base64_is_found_at_every_alignment() -> None:
    import base64

    for before in ("", "u:", "ab:", "abc:"):
        encoded = base64.b64encode(f"{before}hunter2hunter2 and more".encode())
        assert any(form in encoded for form in spellings("hunter2hunter2"))


def test_a_run_that_succeeds_leaks_nothing(user: User) -> None:
    first, second = password(), password()
    with Watch(user, first, second) as watch:
        results = [
            user.bootstrap("--verbose", creds=f"robot:{first}"),
            user.bootstrap("--dry-run", creds=f"robot:{second}"),
            user.bootstrap("--output", "json", creds=f"robot:{second}"),
            user.bootstrap(creds=f"robot:{second}"),
        ]
    assert [r.status for r in results] == [0, 0, 0, 0]
    assert watch.samples > 20
    assert watch.leaks(*results) == []


@pytest.mark.parametrize("call", ["encrypt", "decrypt", "set"])
def test_a_sops_that_fails_and_repeats_what_it_was_given_leaks_nothing(
    user: User, tmp_path: Path, call: str
) -> None:
    value = password()
    if call == "set":
        user.bootstrap(creds="robot:first")
    # Its standard output and error go to the tool, and no further.
    script = f'case " $* " in *" {call} "*) cat | tee /dev/stderr; exit 7;; esac; exec "$REAL" "$@"'
    with Watch(user, value) as watch:
        result = user.bootstrap(
            "--verbose", creds=f"robot:{value}", PATH=broken_sops(tmp_path, script)
        )
    assert result.status == 3
    assert f"sops {call} failed" in result.stderr
    assert watch.leaks(result) == []


def test_a_push_that_is_refused_leaks_nothing(user: User, tmp_path: Path) -> None:
    value = password()
    user.git("init", "--quiet", "--bare", str(tmp_path / "origin.git"))
    user.commit({"a": "1"})
    user.git("remote", "add", "origin", str(tmp_path / "origin.git"))
    user.git("push", "--quiet", "--set-upstream", "origin", "main")
    user.hook("pre-push", "env >&2; cat pull-secrets/prod/* >&2; exit 1")
    with Watch(user, value) as watch:
        result = user.bootstrap("--verbose", "--push", creds=f"robot:{value}")
    assert result.status == 3
    assert "the push of main was refused" in result.stderr
    assert watch.leaks(result) == []


@pytest.mark.parametrize("failure", ["hook", "dirty", "corrupt", "usage", "identity", "push"])
def test_a_run_that_fails_leaks_nothing(user: User, failure: str) -> None:
    value = password()
    flags: tuple[str, ...] = ()
    if failure == "hook":
        user.hook("pre-commit", "env; cat pull-secrets/prod/*; exit 1")
    if failure == "dirty":
        user.write({".sops.yaml": "a: 1\n"})
    if failure in ("corrupt", "identity"):
        user.bootstrap(creds=f"robot:{value}")
    if failure == "corrupt":
        path = "pull-secrets/prod/regcred.sops.yaml"
        user.commit({path: user.read(path).replace("tag:", "tag:AAAA")})
    if failure == "identity":
        next(user.home.rglob("*.agekey")).unlink()
    if failure == "usage":
        flags = ("--registry-creds-env", "CREDS")
    if failure == "push":
        flags = ("--push",)
    with Watch(user, value) as watch:
        result = user.bootstrap("--verbose", *flags, creds=f"robot:{value}")
    assert result.status in (2, 3)
    assert watch.leaks(result) == []


@pytest.mark.parametrize("share", [0.3, 0.5, 0.6, 0.7, 0.8, 0.9])
def test_a_run_that_is_killed_leaks_nothing(user: User, share: float) -> None:
    value = password()
    began = time.monotonic()
    user.bootstrap("--dry-run", creds=f"robot:{value}")
    whole = time.monotonic() - began
    with Watch(user, value) as watch:
        run = subprocess.Popen(
            [PROGRAM, *BOOTSTRAP],
            cwd=user.repository,
            env={**user.env, "CREDS": f"robot:{value}"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        time.sleep(whole * share)
        run.send_signal(signal.SIGKILL)
        run.wait()
        time.sleep(0.1)
    assert watch.leaks() == []


def test_the_users_own_variable_is_kept_from_hooks(user: User, tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    user.hook("pre-commit", f"env > {seen}")
    assert user.bootstrap(creds="robot:hunter2hunter2").status == 0
    assert "PATH=" in seen.read_text()
    assert "hunter2" not in seen.read_text()
