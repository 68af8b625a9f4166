"""The structure of SOPS files, read without a key: what is encrypted in full, and what only looks so."""

from __future__ import annotations

import pytest
from pyrage import x25519

from gitops_secrets.adapters.sops.program import decrypt, encrypting
from gitops_secrets.core.sops.encrypted import is_encrypted_value
from gitops_secrets.core.sops.structure import read_documents
from gitops_secrets.errors import GitOpsSecretsError, InvalidDocumentError

PLAIN = b"""\
apiVersion: v1
kind: Secret
metadata:
  name: regcred
  namespace: apps
type: Opaque
data:
  empty: ""
  password: aHVudGVyMg==
stringData:
  user: robot
"""


def config(recipient: str, regex: str = "^(data|stringData)$") -> bytes:
    return f"creation_rules:\n  - encrypted_regex: {regex}\n    age: {recipient}\n".encode()


@pytest.fixture
def identity() -> x25519.Identity:
    return x25519.Identity.generate()


def encrypted(
    identity: x25519.Identity, regex: str = "^(data|stringData)$", plain: bytes = PLAIN
) -> bytes:
    rule = config(str(identity.to_public()), regex)
    with encrypting(rule, "a.yaml", [str(identity).encode()]) as encrypt:
        return encrypt(plain)[0]


def test_what_sops_encrypted_is_seen_whole(identity: x25519.Identity) -> None:
    (document,) = read_documents(encrypted(identity), "a.yaml")
    assert document.metadata is not None
    assert document.metadata.recipients == (str(identity.to_public()),)
    assert document.metadata.rule == ("encrypted_regex", "^(data|stringData)$")
    assert document.metadata.mac is not None
    assert is_encrypted_value(document.metadata.mac)
    assert (document.kind, document.namespace, document.name) == ("Secret", "apps", "regcred")
    assert document.readable_values() == ()
    assert [v.path for v in document.values if v.encrypted] == [
        ("data", "password"),
        ("stringData", "user"),
    ]


@pytest.mark.parametrize("regex", ["^(data | stringData)$", "^stringdata$", "^nothing$"])
def test_a_rule_that_matches_nothing_leaves_values_readable(
    identity: x25519.Identity, regex: str
) -> None:
    (document,) = read_documents(encrypted(identity, regex), "a.yaml")
    assert document.metadata is not None, "sops succeeds and writes its block"
    assert [v.path for v in document.readable_values()] == [
        ("data", "password"),
        ("stringData", "user"),
    ]


def test_a_value_put_beside_the_encrypted_ones_is_seen_with_its_place(
    identity: x25519.Identity,
) -> None:
    lines = encrypted(identity).decode().splitlines()
    at = lines.index("data:") + 1
    lines.insert(at, '    late: "ENC[AES256_GCM,data:x] and more"')
    (document,) = read_documents("\n".join(lines).encode(), "a.yaml")
    (value,) = document.readable_values()
    assert (value.path, value.position.line) == (("data", "late"), at + 1)


def test_an_encrypted_value_does_not_hide_a_readable_one_of_the_same_key(
    identity: x25519.Identity,
) -> None:
    content = encrypted(identity).replace(b"\ndata:\n", b"\ndata:\n    password: aHVudGVyMg==\n")
    (document,) = read_documents(content, "a.yaml")
    assert [v.path for v in document.readable_values()] == [("data", "password")]


def test_every_document_of_a_stream_is_read(identity: x25519.Identity) -> None:
    documents = read_documents(encrypted(identity, plain=PLAIN + b"---\n" + PLAIN), "a.yaml")
    assert [d.metadata is not None for d in documents] == [True, True]
    assert all(d.readable_values() == () for d in documents)


def test_a_manifest_without_a_block_has_no_metadata() -> None:
    (document,) = read_documents(PLAIN, "a.yaml")
    assert document.metadata is None
    assert len(document.readable_values()) == 2


@pytest.mark.parametrize(
    "value",
    [
        "ENC[AES256_GCM,data:abc,iv:abcd,tag:abcd,type:str]",
        "ENC[AES256_GCM,data:abcd,iv:abcd,tag:abcd,type:text]",
        "ENC[AES256_GCM,data:abcd,iv:abcd,tag:abcd,type:str] ",
        "ENC[AES256_GCM,data:abcd,tag:abcd,type:str]",
        "ENC[abcd]",
        "hunter2",
    ],
)
def test_what_only_looks_like_enc_is_not(value: str) -> None:
    assert not is_encrypted_value(value)


def test_what_is_no_yaml_is_refused_with_its_line_and_without_its_text() -> None:
    with pytest.raises(InvalidDocumentError) as caught:
        read_documents(b"a: 1\npassword: [hunter2\n", "dir/a.yaml")
    assert caught.value.message.startswith("dir/a.yaml:")
    assert "hunter2" not in str(caught.value)


def test_sops_own_words_never_come_through(identity: x25519.Identity) -> None:
    lines = encrypted(identity).decode().splitlines()
    at = next(i for i, line in enumerate(lines) if "password:" in line)
    lines[at] = "    password: hunter2hunter2"
    with pytest.raises(GitOpsSecretsError) as caught:
        decrypt("\n".join(lines).encode(), "a.yaml", [str(identity).encode()])
    assert "hunter2" not in caught.value.message + "".join(caught.value.hints)


def test_another_identity_opens_nothing(identity: x25519.Identity) -> None:
    other = str(x25519.Identity.generate()).encode()
    with pytest.raises(GitOpsSecretsError, match=r"none of the identities at hand opens a\.yaml"):
        decrypt(encrypted(identity), "a.yaml", [other])


def test_a_moved_value_is_found_by_the_mac(identity: x25519.Identity) -> None:
    content = encrypted(identity).replace(b"namespace: apps", b"namespace: other")
    with pytest.raises(GitOpsSecretsError, match="changed by other hands"):
        decrypt(content, "a.yaml", [str(identity).encode()])
