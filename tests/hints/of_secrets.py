"""Hints about single files of Secrets: encrypt, edit, show, their rules and their readers."""

from __future__ import annotations

from tests.hints.bases import (
    BOOTSTRAP,
    OTHER,
    PATH,
    READABLE,
    SECRET,
    docker,
    having,
    opaque,
    ready,
    ruled,
)
from tests.hints.situation import Situation
from tests.support.user import User

_ADD = "gitops-secrets registry add --registry ghcr.io --registry-creds-env CREDS --check never"
_GIVEN = opaque("one", "two")


def beside(user: User) -> None:
    """A readable Secret that no rule is for, in a repository with a cluster."""
    having(ready, {READABLE: docker()})(user)


def tampered(user: User) -> None:
    """An encrypted file whose readable part was changed, which its MAC covers."""
    ruled(user)
    user.write({PATH: user.read(PATH).replace("name: db", "name: other")})


def foreign_ciphertext(user: User) -> None:
    """An encrypted file with the value of one key under another."""
    ruled(user)
    lines = user.read(PATH).splitlines()
    at = next(n for n, line in enumerate(lines) if line.startswith("  a: "))
    lines[at] = lines[at + 1].replace("  b: ", "  a: ")
    user.write({PATH: "\n".join([*lines, ""])})


def new_reader(user: User) -> None:
    """A rule that names somebody for whom the pull Secret is not encrypted."""
    ready(user)
    rules = user.read(".sops.yaml")
    own = next(line for line in rules.splitlines() if "- age1" in line)
    user.commit({".sops.yaml": rules.replace(own, f"{own}\n      - {OTHER}")})


def readable_pull_secret(user: User) -> None:
    """A pull Secret that somebody committed readable."""
    ready(user)
    user.commit({SECRET: user.run("show", SECRET, "--reveal").stdout})


SITUATIONS = (
    Situation(
        "standard input without a place",
        ruled,
        "gitops-secrets encrypt -",
        "gitops-secrets encrypt - --to PATH",
        fill={"PATH": "apps/new.yaml"},
        reads=opaque("x", name="new"),
        replaces=True,
    ),
    Situation(
        "no rule, and one for the cluster",
        beside,
        f"gitops-secrets encrypt {READABLE}",
        "gitops-secrets encrypt {} --add-rule",
        status=3,
    ),
    Situation(
        "no rule, and a recipient",
        beside,
        f"gitops-secrets encrypt {READABLE}",
        "gitops-secrets encrypt {} --age-recipient AGE1...",
        status=3,
        fill={"AGE1...": OTHER},
        replaces=True,
    ),
    Situation(
        "no rule, in the folder of the file",
        beside,
        "gitops-secrets encrypt regcred.yaml",
        "gitops-secrets encrypt {} --add-rule",
        status=3,
        below="apps",
    ),
    Situation(
        "the ending of another file",
        having(ruled, {"apps/db.txt": _GIVEN}),
        "gitops-secrets encrypt apps/db.txt",
        "gitops-secrets encrypt {} --to {}",
        replaces=True,
    ),
    Situation(
        "over a readable file",
        having(ruled, {"apps/a.yaml": _GIVEN}),
        "gitops-secrets encrypt - --to apps/a.yaml",
        "gitops-secrets encrypt {}",
        status=3,
        reads=_GIVEN,
    ),
    Situation(
        "over another Secret",
        ruled,
        f"gitops-secrets encrypt - --to {PATH}",
        "--to PATH",
        status=3,
        fill={"PATH": "apps/b.yaml"},
        reads=opaque("x", name="b"),
    ),
    Situation(
        "a key that is not there",
        ruled,
        f"gitops-secrets show {PATH} --key password",
        "gitops-secrets show {}",
        status=3,
        shows="stringData.a",
    ),
    Situation(
        "an editor without a terminal",
        ruled,
        f"gitops-secrets edit {PATH}",
        'printf %s "$VALUE" | gitops-secrets edit {} --key KEY',
        fill={"KEY": "a"},
        replaces=True,
    ),
    Situation(
        "a readable file to edit",
        having(ruled, {"apps/a.yaml": _GIVEN}),
        "printf %s x | gitops-secrets edit apps/a.yaml --key a",
        "gitops-secrets encrypt {}",
        status=3,
    ),
    Situation(
        "a MAC that does not fit",
        tampered,
        f"gitops-secrets show {PATH} --reveal",
        "git log -p -- {}",
        status=3,
        shows="+  name: db",
    ),
    Situation(
        "the value of another key",
        foreign_ciphertext,
        f"gitops-secrets show {PATH} --reveal",
        "git restore --source HEAD -- {}",
        status=3,
    ),
    Situation(
        "the value of another key, in the folder of the file",
        foreign_ciphertext,
        "gitops-secrets show db.yaml --reveal",
        "git restore --source HEAD -- {}",
        status=3,
        below="apps",
    ),
    Situation(
        "more changed than added, to look at",
        tampered,
        f"gitops-secrets encrypt {PATH}",
        "git diff HEAD -- {}",
        status=3,
        shows="+  name: other",
    ),
    Situation(
        "more changed than added, as it is meant",
        tampered,
        f"gitops-secrets encrypt {PATH}",
        "if all of that is meant: gitops-secrets encrypt --ignore-mac {}",
        status=3,
    ),
    Situation(
        "a reader for whom nothing is encrypted",
        new_reader,
        _ADD,
        "gitops-secrets key add {} --path {}",
        status=3,
    ),
    Situation(
        "a reader who is taken out of the rule",
        new_reader,
        _ADD,
        "or take them out of the rule in {}",
        status=3,
        by_hand=f"sed -i /{OTHER}/d .sops.yaml && git commit --quiet --all --message Change",
    ),
    Situation(
        "a pull Secret that is readable",
        readable_pull_secret,
        BOOTSTRAP.replace("registry.example.com", "ghcr.io"),
        "gitops-secrets encrypt {} && git add {} && git commit",
        status=3,
    ),
)
