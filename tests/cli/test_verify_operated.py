"""verify of the Secrets that an operator in the cluster decrypts."""

from __future__ import annotations

import pytest

from tests.support.secrets import mixed, recipient
from tests.support.user import User
from tests.support.verified import change, findings, seal

PATH = "apps/shop.yaml"


@pytest.fixture
def own(user: User) -> str:
    own = recipient(user)
    user.commit(
        {".sops.yaml": f"creation_rules:\n  - encrypted_suffix: Templates\n    age: {own}\n"}
    )
    return own


def manifest(value: str, field: str = "secretTemplates") -> str:
    return (
        "apiVersion: isindir.github.com/v1alpha3\nkind: SopsSecret\nmetadata:\n  name: shop\n  namespace: apps\n"
        f"spec:\n  {field}:\n    - name: db\n      stringData:\n        password: {value}\n"
    )


def test_one_that_is_encrypted_is_proven(user: User, own: str) -> None:
    seal(user, PATH, manifest(mixed()))
    result = user.run("verify")
    assert (findings(result), result.status) == ([], 0), result.printed
    assert "fits in 1 of 1" in result.stdout


def test_one_that_is_not_encrypted_is_found_with_the_command_of_sops(user: User, own: str) -> None:
    user.write({PATH: manifest(mixed())})
    result = user.run("verify")
    assert findings(result) == ["unencrypted-secret"]
    assert f"hint: sops encrypt --in-place {PATH} && git add {PATH}" in result.stdout


def test_a_readable_value_among_encrypted_ones_is_found(user: User, own: str) -> None:
    seal(user, PATH, manifest(mixed()))
    user.commit({})
    change(user, PATH, "password: .*", f"password: {mixed()}")
    result = user.run("verify", "--keyless")
    assert "readable-value" in findings(result)
    assert f"hint: git checkout HEAD -- {PATH} && sops edit {PATH}" in result.stdout


def test_a_value_that_the_rule_leaves_readable_is_found(user: User, own: str) -> None:
    text = manifest(mixed(), "secrets") + "  otherTemplates: [first]\n"
    seal(user, PATH, text)
    result = user.run("verify", "--keyless")
    assert "readable-secret" in findings(result), result.printed
