"""Encrypted files for the stories of verify, hands that change them, and what is found."""

from __future__ import annotations

import re

from gitops_secrets.adapters.sops.binary import find_sops
from tests.support.user import Result, User

A, B = "apps/a.yaml", "apps/b.yaml"


def seal(user: User, path: str, plain: str, *options: str) -> None:
    """Encrypt *plain* to *path* with the real sops and the rules of the repository."""
    command = [find_sops(), "encrypt", *options, "--filename-override", path]
    done = user.program(command, stdin=plain.encode())
    assert done.status == 0, done.printed
    user.write({path: done.stdout})


def findings(result: Result) -> list[str]:
    """The identifiers of the findings, in their order."""
    return re.findall(r"(?m)^\S+:\d+:\d+: (?:error|warning)\[([a-z-]+)\]", result.stdout)


def change(user: User, path: str, before: str, after: str) -> None:
    """Replace the first *before*, a regular expression, in the file at *path*."""
    text = user.read(path)
    changed = re.sub(before, lambda _: after, text, count=1)
    assert changed != text
    user.write({path: changed})


def value_of(user: User, path: str, key: str) -> str:
    """The ciphertext at *key*."""
    found = re.search(rf"(?m)^ +{key}: (ENC\[.*\])$", user.read(path))
    assert found is not None
    return found[1]
