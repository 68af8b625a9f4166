"""A Secret that was copied and then edited with sops, and copies that are no such thing."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import yaml

from gitops_secrets.adapters.sops.binary import find_sops
from tests.support.secrets import mixed, recipient, rule
from tests.support.user import User

FIRST, COPY = "apps/radarr.sops.yaml", "apps/sonarr.sops.yaml"
NAMESPACE = "namespace: media"


@pytest.fixture
def sealed(user: User) -> User:
    """Return a user with an encrypted Secret of two values."""
    user.write({".sops.yaml": rule(recipient(user)), FIRST: _secret(NAMESPACE)})
    _encrypt(user)
    return user


def _secret(namespace: str) -> str:
    return (
        "apiVersion: v1\nkind: Secret\nmetadata:\n"
        f"    name: radarr\n    {namespace}\nstringData:\n    TOKEN: {mixed()}\n    KEY: {mixed()}\n"
    )


def _encrypt(user: User) -> None:
    done = user.program([find_sops(), "encrypt", "--in-place", FIRST])
    assert done.status == 0, done.printed


def _copy_and_edit(user: User, *changes: str) -> None:
    """Copy the Secret, and make *changes*, expressions of sed, in the editor that sops starts."""
    user.write({COPY: user.read(FIRST)})
    editor = user.temporary / "editor"
    script = "; ".join(("s/name: radarr/name: sonarr/", *changes))
    editor.write_text(f"#!/bin/sh\nexec sed -i '{script}' \"$1\"\n")
    editor.chmod(0o755)
    user.env |= {"EDITOR": str(editor)}
    done = user.program([find_sops(), "edit", COPY])
    assert done.status == 0, done.printed
    user.git("add", "--all")
    user.git("commit", "--quiet", "--no-verify", "--message", "Add")


def _new_value() -> str:
    return f"s/KEY: .*/KEY: {mixed()}/"


def test_a_copy_that_sops_edited_is_no_finding_and_shares_its_data_key(sealed: User) -> None:
    _copy_and_edit(sealed, _new_value())
    token = next(line for line in sealed.read(FIRST).splitlines() if "TOKEN:" in line)
    assert token in sealed.read(COPY)
    assert sealed.run("scan", "--tree").status == 0
    verified = sealed.run("verify", "--keyless")
    assert "copied-ciphertext" not in verified.stdout
    assert "share one data key" in verified.printed


def test_a_push_that_brings_a_copy_has_to_encrypt_it_anew(sealed: User) -> None:
    sealed.commit({})
    _copy_and_edit(sealed, _new_value())
    assert "error[moved-ciphertext]" in sealed.run("scan", "--range", "HEAD~1..HEAD").stdout


@pytest.mark.parametrize("namespace", [NAMESPACE, "labels: {}"])
def test_a_push_may_bring_no_copy_with_the_ciphertext_of_an_earlier_version(
    user: User, namespace: str
) -> None:
    user.write({".sops.yaml": rule(recipient(user)), FIRST: _secret(namespace)})
    _encrypt(user)
    user.commit({})
    old = next(line for line in user.read(FIRST).splitlines() if "KEY:" in line)
    editor = user.temporary / "editor"
    editor.write_text(f"#!/bin/sh\nexec sed -i '{_new_value()}' \"$1\"\n")
    editor.chmod(0o755)
    user.env |= {"EDITOR": str(editor)}
    assert user.program([find_sops(), "edit", FIRST]).status == 0
    user.commit({})
    now = user.read(FIRST)
    new = next(line for line in now.splitlines() if "KEY:" in line)
    user.commit({COPY: now.replace(new, old).replace("name: radarr", "name: sonarr")})
    assert "error[moved-ciphertext]" in user.run("scan", "--range", "HEAD~1..HEAD").stdout


COPIES: dict[str, Callable[[User], None]] = {
    "into another namespace": lambda user: _copy_and_edit(
        user, _new_value(), "s/namespace: media/namespace: other/"
    ),
    "of another type": lambda user: _copy_and_edit(
        user, _new_value(), "s/^kind: Secret/&\\ntype: example.com\\/other/"
    ),
    "without a new value": _copy_and_edit,
    "with a value less": lambda user: _copy_and_edit(user, "/KEY:/d"),
}


@pytest.mark.parametrize("copy", COPIES.values(), ids=COPIES)
def test_any_other_copy_of_a_ciphertext_is_found(
    sealed: User, copy: Callable[[User], None]
) -> None:
    copy(sealed)
    assert sealed.run("scan", "--tree").stdout.count("error[copied-ciphertext]") == 2
    assert sealed.run("verify", "--keyless").stdout.count("error[copied-ciphertext]") == 2


def test_a_copy_whose_namespace_only_kustomize_knows_is_a_warning(user: User) -> None:
    user.write({".sops.yaml": rule(recipient(user)), FIRST: _secret("labels: {}")})
    _encrypt(user)
    user.commit({})
    _copy_and_edit(user, _new_value())
    for command in (("scan", "--tree"), ("verify", "--keyless")):
        done = user.run(*command)
        assert done.status == 0, done.printed
        assert done.stdout.count("warning[copied-ciphertext]") == 2
    assert "error[moved-ciphertext]" in user.run("scan", "--range", "HEAD~1..HEAD").stdout


def test_a_copy_for_other_readers_is_found(user: User) -> None:
    other = recipient(user, "other.txt")
    user.write({".sops.yaml": rule(other, recipient(user)), FIRST: _secret(NAMESPACE)})
    _encrypt(user)
    _copy_and_edit(user, _new_value())
    held = yaml.safe_load(user.read(COPY))
    held["sops"]["age"] = [key for key in held["sops"]["age"] if key["recipient"] != other]
    user.commit({COPY: yaml.safe_dump(held)})
    assert user.run("scan", "--tree").stdout.count("error[copied-ciphertext]") == 2
