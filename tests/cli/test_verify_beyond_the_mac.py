"""verify, where the MAC of sops says nothing: empty values, the sops block, types, and what is readable by choice."""

from __future__ import annotations

import re

import pytest

from gitops_secrets.adapters.sops.binary import find_sops
from tests.support.secrets import encoded, mixed, opaque, recipient, rule
from tests.support.user import User
from tests.support.verified import A, change, findings, seal, value_of

EITHER = pytest.mark.parametrize("options", [(), ("--keyless",), ("--history",)])
EMPTY = ['""', "null", "{}", "[]", ""]
HOLLOW = "metadata:\n  name: a\n  finalizers: []\n  annotations: {}\n  creationTimestamp: null\n"
BINDING = (
    "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata:\n  name: x\n"
    "roleRef:\n  kind: ClusterRole\n  name: cluster-admin\n  apiGroup: rbac.authorization.k8s.io\n"
)


@pytest.fixture
def by_values(user: User) -> str:
    """The recipient of a user whose Secret has a MAC over its encrypted values alone."""
    own = recipient(user)
    user.commit({".sops.yaml": rule(own).replace("  age:", "  mac_only_encrypted: true\n  age:")})
    labels = "  labels: {app: x}\ntype: Opaque\n"
    seal(user, A, opaque(mixed(), mixed(), name="a", extra=labels))
    user.commit({})
    return own


@EITHER
@pytest.mark.parametrize("nothing", EMPTY)
def test_an_empty_value_that_was_added_is_seen_though_the_mac_fits(
    user: User, own: str, nothing: str, options: tuple[str, ...]
) -> None:
    change(user, A, "stringData:\n", f"stringData:\n  c: {nothing}\n")
    result = user.run("verify", *options)
    assert result.status == 1
    assert findings(result) == ["tampered"]
    assert "stringData.c is empty, and was added" in result.stdout


@EITHER
def test_an_empty_value_that_was_taken_away_is_seen(user: User, options: tuple[str, ...]) -> None:
    user.commit({".sops.yaml": rule(recipient(user))})
    seal(user, A, opaque(mixed()).replace("stringData:\n", 'stringData:\n  c: ""\n'))
    user.commit({})
    change(user, A, r'(?m)^  c: ""\n', "")
    result = user.run("verify", *options)
    assert findings(result) == ["tampered"]
    assert "stringData.c was empty, and was removed" in result.stdout


def test_nothing_of_another_sort_is_seen(user: User, own: str) -> None:
    seal(user, A, opaque(mixed()).replace("metadata:\n  name: db\n", HOLLOW))
    user.commit({})
    change(user, A, "finalizers: .*", "finalizers: {}")
    assert "metadata.finalizers is empty, and was changed" in user.run("verify").stdout


def test_what_sops_writes_again_under_its_mac_is_not_reported(user: User, own: str) -> None:
    empty = opaque(mixed()).replace("metadata:\n  name: db\n", HOLLOW)
    plain = empty.replace("stringData:\n", 'stringData:\n  x: ""\n  y:\n  z: ~\n')
    seal(user, A, plain)
    user.commit({})
    user.write({".sops.yaml": rule(own, recipient(user, "other.txt"))})
    assert user.program([find_sops(), "updatekeys", "--yes", A]).status == 0
    assert findings(user.run("verify", A)) == []


@pytest.mark.parametrize("value", ['""', "null", "another"])
def test_a_key_in_stringdata_that_hides_one_in_data_is_seen_without_any_version(
    user: User, value: str
) -> None:
    user.write({".sops.yaml": rule(recipient(user))})
    secret = opaque(name="a").removesuffix("stringData:\n")
    seal(user, A, f"{secret}data:\n  a: {encoded(mixed())}\nstringData:\n  a: {value}\n")
    result = user.run("verify")
    assert result.status == 1
    assert findings(result) == ["overridden-value"]
    assert "Secret shop/a has a in data and in stringData" in result.stdout


@EITHER
def test_a_loosened_rule_is_seen_though_the_mac_fits(
    user: User, own: str, options: tuple[str, ...]
) -> None:
    change(user, A, r"encrypted_regex: .*", "encrypted_regex: ^stringData$")
    result = user.run("verify", *options)
    assert result.status == 1
    assert "tampered" in findings(result)
    assert "the rule by which values are encrypted was changed" in result.stdout


@EITHER
def test_another_type_of_a_value_is_seen_though_the_mac_fits(
    user: User, own: str, options: tuple[str, ...]
) -> None:
    """The text 12 and the number 12 have the same MAC, and the API server takes one of them."""
    seal(user, A, opaque("12", name="a"))
    user.commit({})
    change(user, A, "type:str", "type:int")
    result = user.run("verify", *options)
    assert result.status == 1
    assert "tampered" in findings(result)
    assert "stringData.a has its ciphertext edited in place, or the type of it" in result.stdout


@EITHER
def test_a_readable_field_outside_of_the_mac_is_a_warning(
    user: User, by_values: str, options: tuple[str, ...]
) -> None:
    change(user, A, "app: x", "app: y")
    change(user, A, "type: Opaque", "type: Opaque\nimmutable: true")
    result = user.run("verify", *options)
    assert result.status == 0
    assert findings(result) == ["readable-change"]
    assert "metadata.labels.app and 1 more changed since commit" in result.stdout


def test_readable_fields_of_earlier_versions_are_nothing_to_warn_of(
    user: User, by_values: str
) -> None:
    for label in "yz":
        change(user, A, "app: .", f"app: {label}")
        user.commit({})
    result = user.run("verify", "--history")
    assert findings(result) == ["readable-change"]
    assert "since commit" in result.stdout
    user.git("revert", "--no-edit", "HEAD~2..HEAD")
    assert findings(user.run("verify", "--history")) == []


@EITHER
def test_a_corrector_of_spelling_in_a_ciphertext_is_seen(
    user: User, own: str, options: tuple[str, ...]
) -> None:
    """Tools that correct words take the ciphertext for text, and leave its tag alone."""
    value = value_of(user, A, "a")
    data = re.escape(value.split(",iv:")[0])
    other = "A" if value[len("ENC[AES256_GCM,data:")] != "A" else "B"
    change(user, A, data, f"ENC[AES256_GCM,data:{other}{value.split(',iv:')[0][21:]}")
    result = user.run("verify", *options)
    assert result.status == 1
    assert "stringData.a has its ciphertext edited in place" in result.stdout


@EITHER
def test_an_empty_value_among_the_encrypted_is_no_mere_warning(
    user: User, by_values: str, options: tuple[str, ...]
) -> None:
    change(user, A, "stringData:\n", 'stringData:\n  c: ""\n')
    result = user.run("verify", *options)
    assert result.status == 1
    assert findings(result) == ["tampered"]


@EITHER
def test_a_readable_document_with_the_block_of_another_is_seen(
    user: User, by_values: str, options: tuple[str, ...]
) -> None:
    block = user.read(A).split("sops:\n", 1)[1]
    user.write({A: f"{user.read(A)}---\n{BINDING}sops:\n{block}"})
    result = user.run("verify", *options)
    assert result.status == 1
    assert findings(result) == ["tampered"]
    assert "ClusterRoleBinding x, which is readable as a whole, was added" in result.stdout


@EITHER
@pytest.mark.parametrize("fixture", ["own", "by_values"])
def test_a_document_without_a_block_is_seen(
    user: User, request: pytest.FixtureRequest, fixture: str, options: tuple[str, ...]
) -> None:
    request.getfixturevalue(fixture)
    user.write({A: f"{BINDING}---\n{user.read(A)}"})
    result = user.run("verify", *options)
    assert result.status == 1
    assert "broken-sops-metadata" in findings(result)
    assert f"{A}:1:1: error[broken-sops-metadata]: this document has no sops block" in result.stdout


def test_a_readable_document_that_sops_wrote_is_not_reported(user: User, by_values: str) -> None:
    seal(user, A, f"{opaque(mixed(), name='a')}---\n{BINDING}")
    user.commit({})
    assert findings(user.run("verify")) == []
    change(user, A, "name: x", "name: y")
    assert findings(user.run("verify")) == ["tampered"]


@pytest.mark.parametrize(
    "options", [(), ("--keyless",), ("--history",), ("--range", "HEAD~1..HEAD"), (A,)]
)
@pytest.mark.parametrize("config", ["", "creation_rules: []\n"])
def test_a_file_that_became_readable_as_a_whole_is_seen(
    user: User, own: str, config: str, options: tuple[str, ...]
) -> None:
    secret = mixed()
    user.commit({A: opaque(secret, name="a"), ".sops.yaml": config or user.read(".sops.yaml")})
    result = user.run("verify", *options)
    assert result.status == 1
    assert "unencrypted-secret" in findings(result)
    assert "Secret shop/a is readable as a whole" in result.stdout
    assert f"{A} was encrypted in commit" in result.stdout
    assert secret not in result.printed


def test_a_staged_file_that_became_readable_is_seen(user: User, own: str) -> None:
    user.write({A: opaque(mixed(), name="a")})
    assert findings(user.run("verify", "--staged")) == []
    user.git("add", A)
    assert findings(user.run("verify", "--staged")) == ["unencrypted-secret"]


def test_a_readable_version_between_encrypted_ones_is_found_in_history(
    user: User, own: str
) -> None:
    before = user.read(A)
    user.commit({A: opaque(mixed(), name="a")})
    user.commit({A: before})
    assert findings(user.run("verify")) == []
    assert findings(user.run("verify", "--history")) == ["unencrypted-secret"]
    assert findings(user.run("verify", "--range", "HEAD~2..HEAD")) == ["unencrypted-secret"]
    assert findings(user.run("verify", "--range", "HEAD~1..HEAD")) == []


def test_a_new_readable_secret_is_seen_if_a_creation_rule_is_for_it(user: User, own: str) -> None:
    new = {"apps/new.yaml": opaque(mixed()), "other/new.yaml": opaque(mixed())}
    user.write(new)
    result = user.run("verify")
    assert findings(result) == ["unencrypted-secret"]
    assert "apps/new.yaml:" in result.stdout
    assert "creation rule 1 of .sops.yaml says it must be encrypted" in result.stdout
    marker = "stringData:\n  # gitops-secrets: ignore[unencrypted-secret] an example\n"
    user.write({"apps/new.yaml": new["apps/new.yaml"].replace("stringData:\n", marker)})
    assert findings(user.run("verify")) == []


def test_an_encrypted_file_in_whose_place_no_secret_is_was_no_mistake(user: User, own: str) -> None:
    """What is to come from outside of the repository, or to be filled in by Flux, has nothing to encrypt."""
    external = "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata:\n  name: a\nspec:\n  data: []\n"
    user.commit({A: external, "apps/b.yaml": opaque("${PASSWORD}", name="b")})
    for options in ((), ("--history",), ("--range", "HEAD~1..HEAD")):
        assert findings(user.run("verify", *options)) == []
