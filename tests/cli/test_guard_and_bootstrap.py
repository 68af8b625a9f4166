"""The guard is silent on whatever bootstrap writes, and on what becomes of it later."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from gitops_secrets.adapters.age import create_identity
from gitops_secrets.core.discretion.suspicion import may_be_name, may_be_secret
from tests.support.user import User

PATHS = st.sampled_from(["clusters/prod", "clusters/eu/prod", "prod", "a b/c", "."])
NAMES = st.from_regex(r"[a-z]([-a-z0-9]{0,20}[a-z0-9])?", fullmatch=True).filter(
    lambda name: may_be_name(name) or not may_be_secret(name)
)
PASSWORDS = st.text(
    st.characters(codec="utf-8", exclude_characters="\0", exclude_categories=["Cs"]),
    min_size=1,
    max_size=60,
)
HOSTS = ["registry.example.com:5000", "ghcr.io", "docker.io"]


@settings(max_examples=12)
@given(PATHS, NAMES, PASSWORDS, PASSWORDS, st.integers(1, 3), st.integers(0, 2))
def test_the_guard_is_silent_on_what_bootstrap_writes(
    path: str, name: str, password: str, renewed: str, registries: int, people: int
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        user = User(Path(folder))
        flags = ["bootstrap", "--path", path, "--image-pull-secret", name]
        for host in HOSTS[:registries]:
            flags += ["--registry", host, "--registry-creds-env", "CREDS"]
        for _ in range(people):
            flags += ["--age-recipient", create_identity().recipient]
        for value in (password, renewed):
            done = user.run(*flags, env={"CREDS": f"robot:{value}"})
            assert done.status == 0, done.stderr
        for arguments in (["--tree"], ["--history"], ["--index"]):
            found = user.run("scan", *arguments)
            assert (found.status, found.stderr) == (0, ""), found.printed
