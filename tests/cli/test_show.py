"""show: what a file says without a key; its values only when asked."""

from __future__ import annotations

import pytest
import yaml

from tests.support import documents
from tests.support.secrets import PATH, encoded, opaque, recipient, rule, word
from tests.support.user import User


@pytest.fixture
def value() -> str:
    return word()


@pytest.fixture
def ruled(user: User, value: str) -> User:
    """A user with an encrypted Secret."""
    user.commit({".sops.yaml": rule(recipient(user)), "apps/README.md": "apps\n"})
    manifest = opaque(value, "") + f"data:\n  d: {encoded(value)}\n"
    assert user.run("encrypt", "-", "--to", PATH, stdin=manifest.encode()).status == 0
    return user


def test_structure_is_shown_and_no_value(ruled: User, value: str) -> None:
    result = ruled.run("show", PATH)
    assert result.status == 0, result.printed
    assert f"stringData.a  encrypted  {len(value.encode())} bytes" in result.stdout
    assert "stringData.b  empty" in result.stdout
    assert "Secret  shop/db" in result.stdout
    assert "opened by" in result.stdout
    assert value not in result.printed


def test_no_key_is_needed_for_that(ruled: User) -> None:
    (ruled.home / ".config/sops/age/keys.txt").unlink()
    result = ruled.run("show", PATH)
    assert (result.status, "no identity on this machine" in result.stdout) == (0, True)


def test_a_readable_value_stands_out(ruled: User) -> None:
    ruled.write({"apps/x.yaml": opaque("x")})
    assert "stringData.a  READABLE" in ruled.run("show", "apps/x.yaml").stdout


def test_reveal_prints_the_manifest(ruled: User, value: str) -> None:
    shown = yaml.safe_load(ruled.run("show", PATH, "--reveal").stdout)
    assert shown["stringData"]["a"] == value
    assert "sops" not in shown


@pytest.mark.parametrize("key", ["a", "d"])
def test_one_value_is_printed_decoded_and_alone(ruled: User, value: str, key: str) -> None:
    assert ruled.run("show", PATH, "--key", key).stdout == value


def test_a_key_that_is_not_there_is_an_error(ruled: User) -> None:
    result = ruled.run("show", PATH, "--key", "z")
    assert (result.status, "has no value called z" in result.stderr) == (3, True)


def test_standard_input_is_taken(ruled: User, value: str) -> None:
    content = ruled.read(PATH).encode()
    assert "Secret  shop/db" in ruled.run("show", "-", stdin=content).stdout
    assert ruled.run("show", "-", "--key", "a", stdin=content).stdout == value


def test_what_was_tampered_with_is_not_revealed(ruled: User) -> None:
    ruled.write({PATH: ruled.read(PATH).replace("name: db", "name: stolen")})
    result = ruled.run("show", PATH, "--reveal")
    assert (result.status, result.stdout) == (3, "")
    assert "its MAC does not fit" in result.stderr


def test_the_output_for_programs_is_json(ruled: User, value: str) -> None:
    said = documents.read("show", ruled.run("show", PATH, "--output", "json").stdout)
    (found,) = said["objects"]
    assert found["values"][0] == {
        "key": "stringData.a",
        "size": len(value.encode()),
        "state": "encrypted",
    }
