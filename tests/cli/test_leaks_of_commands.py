"""What the guard finds, what is encrypted and what doctor reads is said by none of them."""

from __future__ import annotations

import re
import signal
import subprocess
import time

import pytest
import yaml

from gitops_secrets.adapters.sops.binary import find_sops
from tests.support.leaks import Watch
from tests.support.secrets import PATH, mixed, opaque, opened, recipient, rule, word
from tests.support.user import PROGRAM, User

FORMATS = ("text", "json", "sarif", "github", "gitlab", "junit")
READABLE = "apps/leak.yaml"
OWN = {f"fleet/{READABLE}", "an object of Git"}
"""Where the user put the value himself."""


def pull_secret(value: str) -> str:
    config = (
        f'{{"auths": {{"registry.example.com": {{"username": "robot", "password": "{value}"}}}}}}'
    )
    return (
        "apiVersion: v1\nkind: Secret\nmetadata: {name: regcred, namespace: shop}\n"
        f"type: kubernetes.io/dockerconfigjson\nstringData:\n  .dockerconfigjson: '{config}'\n"
    )


@pytest.fixture
def ruled(user: User) -> User:
    """A user whose repository has a rule for apps/, and who has its identity."""
    user.commit({".sops.yaml": rule(recipient(user)), "README.md": "fleet\n"})
    return user


@pytest.mark.parametrize("what", [(), ("--tree",), ("--history",), (READABLE,)])
def test_a_scan_says_where_and_never_what(user: User, what: tuple[str, ...]) -> None:
    value = mixed()
    user.commit({"README.md": "fleet\n"})
    user.write({READABLE: pull_secret(value)})
    user.git("add", READABLE)
    if {"--history", "--tree"} & {*what}:
        user.git("commit", "--quiet", "--message", "Leak")
    with Watch(user, value) as watch:
        results = [user.run("scan", *what, "--output", name) for name in FORMATS]
    assert {r.status for r in results} == {1}
    assert set(watch.leaks(*results)) == OWN


def test_a_refused_commit_and_push_say_nothing_of_the_value(user: User) -> None:
    value = mixed()
    user.commit({"README.md": "fleet\n"})
    user.git("init", "--quiet", "--bare", "../server.git")
    user.git("remote", "add", "origin", "../server.git")
    assert user.run("hooks", "install").status == 0
    user.write({READABLE: pull_secret(value)})
    user.git("add", READABLE)
    with Watch(user, value) as watch:
        commit = user.program(["git", "commit", "--message", "Leak"])
        user.git("commit", "--quiet", "--no-verify", "--message", "Leak")
        push = user.program(["git", "push", "origin", "main"])
    assert (commit.status, push.status) == (1, 1), commit.printed + push.printed
    assert set(watch.leaks(commit, push)) == OWN


@pytest.mark.parametrize("form", ["text", "json", "sarif"])
@pytest.mark.parametrize("what", [(), ("--staged",), ("--history",), (PATH,)])
def test_verify_says_what_is_wrong_and_never_the_value(
    ruled: User, what: tuple[str, ...], form: str
) -> None:
    """Neither a value that decrypts, nor one that somebody wrote in place of a ciphertext."""
    sealed, clear, other = word(), mixed(), mixed()
    assert ruled.run("encrypt", "-", "--to", PATH, stdin=opaque(sealed, "x").encode()).status == 0
    ruled.commit({})
    changed = re.sub(r"(?m)^  b: ENC.*$", f"  b: {clear}", ruled.read(PATH))
    changed = changed.replace("namespace: shop", f"namespace: shop\n  labels: {{app: {other}}}")
    ruled.write({PATH: changed})
    ruled.git("add", PATH)
    with Watch(ruled, sealed, clear, other) as watch:
        result = ruled.run("verify", *what, "--output", form)
    assert result.status == 1, result.printed
    assert set(watch.leaks(result)) == {f"fleet/{PATH}", "an object of Git"}


def test_sops_that_is_asked_by_verify_says_nothing_of_the_value(ruled: User) -> None:
    """A comment that chooses what is encrypted is for sops to judge, whose errors quote plaintext."""
    sealed, clear = mixed(), mixed()
    rules = f"creation_rules:\n- age: {recipient(ruled)}\n  encrypted_comment_regex: ^ *secret\n"
    ruled.write({".sops.yaml": rules})
    plain = f"a: 1\nb:\n  # secret\n  c: {sealed}\n"
    done = ruled.program(
        [find_sops(), "encrypt", "--filename-override", "x.yaml"], stdin=plain.encode()
    )
    assert done.status == 0, done.printed
    ruled.write({"x.yaml": re.sub(r"ENC\[AES256_GCM,.*type:str\]", clear, done.stdout, count=1)})
    with Watch(ruled, sealed, clear) as watch:
        results = [ruled.run("verify", "--output", form) for form in ("text", "json", "sarif")]
    assert {r.status for r in results} == {1}
    assert "not opened" not in results[0].stdout
    assert set(watch.leaks(*results)) <= {"fleet/x.yaml"}


def test_what_is_encrypted_is_nowhere_else(ruled: User) -> None:
    first, second = word(), word()
    with Watch(ruled, first, second) as watch:
        results = [
            ruled.run("encrypt", "-", "--to", PATH, "--verbose", stdin=opaque(first).encode()),
            ruled.run("encrypt", "-", "--to", PATH, stdin=opaque(second).encode()),
            ruled.run("show", PATH),
            ruled.run("doctor"),
            ruled.run("doctor", "--output", "json"),
        ]
    assert [r.status for r in results[:3]] == [0, 0, 0]
    assert yaml.safe_load(opened(ruled))["stringData"]["a"] == second
    assert watch.leaks(*results) == []


@pytest.mark.parametrize("failure", ["rule", "name", "yaml", "folder", "comment"])
def test_an_encryption_that_fails_leaks_nothing(ruled: User, failure: str) -> None:
    value, path = word(), PATH
    content = opaque(value)
    if failure == "rule":
        path = "elsewhere/db.yaml"
    if failure == "name":
        content = opaque(value, name="Not A Name")
    if failure == "yaml":
        content += "  : [\n"
    if failure == "folder":
        ruled.write({"apps/db.yaml/x": ""})
    if failure == "comment":
        ruled.commit({".sops.yaml": rule(recipient(ruled), encrypted="^nothing$")})
    with Watch(ruled, value) as watch:
        result = ruled.run("encrypt", "-", "--to", path, "--verbose", stdin=content.encode())
    assert result.status in (2, 3), result.printed
    assert watch.leaks(result) == []


@pytest.mark.parametrize("share", [0.2, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95])
def test_an_encryption_that_is_killed_leaks_nothing_and_leaves_the_old_file(
    ruled: User, share: float
) -> None:
    old, value = word(), word()
    began = time.monotonic()
    ruled.run("encrypt", "-", "--to", PATH, stdin=opaque(old).encode())
    whole = time.monotonic() - began
    with Watch(ruled, value) as watch:
        run = subprocess.Popen(
            [PROGRAM, "encrypt", "-", "--to", PATH],
            cwd=ruled.repository,
            env=ruled.env,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        assert run.stdin is not None
        run.stdin.write(opaque(value).encode())
        run.stdin.close()
        time.sleep(whole * share)
        run.send_signal(signal.SIGKILL)
        run.wait()
        time.sleep(0.1)
    assert watch.leaks() == []
    assert yaml.safe_load(opened(ruled))["stringData"]["a"] in (old, value)


def test_the_registry_commands_say_who_and_never_with_what(fleet: User) -> None:
    first, second, third = mixed(), mixed(), mixed()
    config = f'{{"auths": {{"quay.io": {{"username": "robot", "password": "{third}"}}}}}}'
    given = fleet.home.parent / "given.json"
    given.write_text(config)
    ghcr = ("--registry", "ghcr.io", "--registry-creds-env", "CREDS", "--check", "never")
    with Watch(fleet, first, second, third) as watch:
        results = [
            fleet.run("registry", "add", *ghcr, "-v", env={"CREDS": f"robot:{first}"}),
            fleet.run("registry", "add", *ghcr, env={"CREDS": f"robot:{first}"}),
            fleet.run("registry", "update", *ghcr, "--dry-run", env={"CREDS": f"robot:{second}"}),
            fleet.run("registry", "update", *ghcr, env={"CREDS": f"robot:{second}"}),
            fleet.run("registry", "import", str(given)),
            fleet.run("registry", "list"),
            fleet.run("registry", "list", "--output", "json"),
            fleet.run("registry", "remove", *ghcr[:2], "-v"),
        ]
    assert [r.status for r in results] == [0, 3, 0, 0, 0, 0, 0, 0], [r.printed for r in results]
    assert watch.leaks(*results) == []


@pytest.mark.parametrize("failure", ["expired", "no identity", "changed", "two keys", "argument"])
def test_a_registry_that_is_not_added_leaks_nothing(fleet: User, failure: str) -> None:
    secret = mixed()
    flags = ["--registry", "ghcr.io", "--registry-creds-env", "CREDS", "--check", "never"]
    creds = f"robot:{secret}"
    if failure == "expired":
        creds = f"oauth2accesstoken:{secret}"
    if failure == "no identity":
        for identity in (fleet.home / ".config").rglob("*.agekey"):
            identity.unlink()
    if failure == "changed":
        path = "pull-secrets/prod/regcred.sops.yaml"
        fleet.write({path: fleet.read(path) + "# mine\n"})
    if failure == "two keys":
        flags += [*flags[:4]]
    if failure == "argument":
        flags += [f"robot:{secret}"]
    own = failure == "argument"
    with Watch(fleet, secret, own_arguments=own) as watch:
        result = fleet.run("registry", "add", *flags, "-v", env={"CREDS": creds})
    assert result.status in (2, 3), result.printed
    assert watch.leaks(result) == []
