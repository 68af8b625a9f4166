"""What sops gets to see of a file's master keys, and that it opens the file all the same."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest
import yaml
from pyrage import x25519

from gitops_secrets.adapters.sops.program import change, decrypt, encrypting
from gitops_secrets.core.sops.keys.managers import (
    Allowed,
    parse_settings,
    parse_variable,
    plugin_of,
)
from gitops_secrets.core.sops.keys.master import reduce_keys, restore_keys
from gitops_secrets.core.sops.rules.startconfig import render_config
from gitops_secrets.core.sops.valuechanges import ValueChange
from gitops_secrets.errors import GitOpsSecretsError

NOTHING = Allowed()
TIME = "2024-01-01T00:00:00Z"
PGP = "FBC7B9E2A4F9289AC0C1D4843D16CEE4A27381B4"
ENTRIES: dict[str, dict[str, str]] = {
    "pgp": {"fp": PGP, "created_at": TIME, "enc": "-----BEGIN PGP MESSAGE-----\n\nx\n"},
    "kms": {"arn": "arn:aws:kms:eu-west-1:1:key/a", "created_at": TIME, "enc": "eA=="},
    "gcp_kms": {"resource_id": "projects/p/k", "created_at": TIME, "enc": "eA=="},
    "hckms": {"key_id": "eu:1", "created_at": TIME, "enc": "eA=="},
    "azure_kv": {"vault_url": "https://v.example.com", "name": "k", "version": "1", "enc": "eA=="},
    "hc_vault": {"vault_address": "https://v.example.com", "key_name": "k", "enc": "vault:v1:x"},
}
AGE_PLUGIN = {"recipient": "age1evil1pzry9x8gf2tvdw0", "enc": "x"}
PLAIN = {
    "a.yaml": b"# shop\napiVersion: v1\nkind: Secret\nmetadata:\n  name: a # the name\nstringData:\n  b: one\n  c: two\n",
    "a.json": b'{"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}, "stringData": {"b": "one", "c": "two"}}',
}


class _Plain(yaml.SafeDumper):
    """Writes what stands twice twice, as sops does."""

    def ignore_aliases(self, data: object) -> bool:
        del data
        return True


@pytest.fixture
def identity() -> x25519.Identity:
    return x25519.Identity.generate()


def sealed(identity: x25519.Identity, path: str) -> bytes:
    config = render_config("^(data|stringData)$", [str(identity.to_public())], {"yaml": 2})
    with encrypting(config, path, []) as encrypt:
        return encrypt(PLAIN[path])[0]


def with_keys(content: bytes, path: str, keys: dict[str, object]) -> bytes:
    """Return *content* with *keys* in its sops block, as sops would write them."""
    if path.endswith(".json"):
        document = json.loads(content)
        document["sops"] = {**keys, **document["sops"]}
        return json.dumps(document, indent="\t").encode()
    block = yaml.dump(keys, Dumper=_Plain)
    lines = "".join(f"  {line}\n" for line in block.splitlines())
    return content.replace(b"sops:\n", b"sops:\n" + lines.encode(), 1)


def loaded(content: bytes) -> dict[str, object]:
    """Return what *content* holds; Python's YAML does not take the tabs that sops writes into JSON."""
    found = json.loads(content) if content.startswith(b"{") else yaml.safe_load(content)
    assert isinstance(found, dict)
    return found


def block_of(content: bytes) -> dict[str, object]:
    found = loaded(content)["sops"]
    assert isinstance(found, dict)
    return found


def opened(content: bytes, path: str, identity: x25519.Identity) -> object:
    return loaded(decrypt(content, path, [str(identity).encode()]))


@pytest.mark.parametrize("path", PLAIN)
def test_every_kind_but_age_is_dropped_and_the_file_still_opens(
    identity: x25519.Identity, path: str
) -> None:
    hostile = with_keys(sealed(identity, path), path, {k: [v] for k, v in ENTRIES.items()})
    reduced = reduce_keys(hostile, path, NOTHING)
    assert {key.kind for key in reduced.dropped} == set(ENTRIES)
    assert set(block_of(reduced.content)) & set(ENTRIES) == set()
    assert reduced.kept == frozenset()
    assert opened(hostile, path, identity) == yaml.safe_load(PLAIN[path])


@pytest.mark.parametrize("path", PLAIN)
@pytest.mark.parametrize("newline", [b"\n", b"\r\n"])
def test_a_changed_value_keeps_every_reader(
    identity: x25519.Identity, path: str, newline: bytes
) -> None:
    keys: dict[str, object] = {k: [v] for k, v in ENTRIES.items()}
    hostile = with_keys(sealed(identity, path), path, keys).replace(b"\n", newline)
    config = render_config("^(data|stringData)$", [], {"yaml": 2})
    step = ValueChange('["stringData"]["b"]', b'"ONE"')
    after = change(hostile, path, [step], [str(identity).encode()], config)
    before, now = block_of(hostile), block_of(after)
    assert {**now, "mac": "", "lastmodified": ""} == {**before, "mac": "", "lastmodified": ""}
    assert now["mac"] != before["mac"]
    read = opened(after, path, identity)
    assert isinstance(read, dict)
    assert read["stringData"] == {"b": "ONE", "c": "two"}


@pytest.mark.parametrize("path", PLAIN)
def test_key_groups_keep_what_is_allowed_or_the_file_is_refused(
    identity: x25519.Identity, path: str
) -> None:
    content = sealed(identity, path)
    age = block_of(content)["age"]
    one = {"key_groups": [{"age": age, "hc_vault": [ENTRIES["hc_vault"]]}, {"age": age}]}
    reduced = reduce_keys(with_keys(content, path, one), path, NOTHING)
    assert block_of(reduced.content)["key_groups"] == [{"age": age}, {"age": age}]
    two = {"key_groups": [{"age": age}, {"kms": [ENTRIES["kms"]]}]}
    with pytest.raises(GitOpsSecretsError, match="needs keys of 2 of its 2 key groups"):
        reduce_keys(with_keys(content, path, two), path, NOTHING)
    enough = {
        "shamir_threshold": 2,
        "key_groups": [{"age": age}, {"age": age}, {"pgp": [ENTRIES["pgp"]]}],
    }
    reduced = reduce_keys(with_keys(content, path, enough), path, NOTHING)
    assert block_of(reduced.content)["key_groups"] == [{"age": age}, {"age": age}]
    assert block_of(reduced.content)["shamir_threshold"] == 2


def test_a_plugins_recipient_is_dropped_and_ages_own_stay(identity: x25519.Identity) -> None:
    content = sealed(identity, "a.yaml")
    entry = yaml.safe_dump([AGE_PLUGIN]).replace("\n", "\n    ").strip()
    hostile = content.replace(b"  age:\n", f"  age:\n    {entry}\n".encode())
    assert [k.identification for k in reduce_keys(hostile, "a.yaml", NOTHING).dropped] == [
        AGE_PLUGIN["recipient"]
    ]
    assert opened(hostile, "a.yaml", identity)


def again(old: str, new: str) -> Callable[[str], str]:
    def edit(text: str) -> str:
        assert re.search(old, text)
        return re.sub(old, lambda _: new, text, count=1)

    return edit


VAULT = "hc_vault: [{vault_address: http://127.0.0.1:1, key_name: k, enc: x}]"
UNREADABLE: dict[str, Callable[[str], str]] = {
    "a second block": lambda text: text + f"sops: {{{VAULT}}}\n",
    "a block in quotes": lambda text: text + f'"s\\u006fps": {{{VAULT}}}\n',
    "a block in base64": lambda text: text + f"!!binary c29wcw==: {{{VAULT}}}\n",
    "a key in capitals": lambda text: text + f"SOPS: {{{VAULT}}}\n",
    "a merge at the top": lambda text: text + f"<<: {{sops: {{{VAULT}}}}}\n",
    "a merge in quotes": lambda text: text + f'"<<": {{sops: {{{VAULT}}}}}\n',
    "a merge in the block": again("sops:\n", f"sops:\n  <<: {{{VAULT}}}\n"),
    "an anchor": again("sops:\n", f"x: &x\n  {VAULT}\nsops:\n  <<: *x\n"),
    "an alias for the key": again(
        "kind: Secret", "kind: Secret\nx: &s sops\n*s : {a: b}\n"
    ).__call__,
    "a list of kinds twice": again("sops:\n", f"sops:\n  hc_vault: []\n  {VAULT}\n"),
    "a key that is not text": again("sops:\n", "sops:\n  1: 2\n"),
    "a line separator": again("# shop", f"# shop\u2028sops: {{{VAULT}}}"),
    "a lone carriage return": again("# shop", f"# shop\rsops: {{{VAULT}}}"),
    "no mapping": lambda _: "sops: [1]\n",
    "a list at the top": lambda _: "- sops: {}\n",
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_what_sops_could_read_otherwise_is_refused(identity: x25519.Identity, name: str) -> None:
    text = UNREADABLE[name](sealed(identity, "a.yaml").decode())
    with pytest.raises(GitOpsSecretsError, match=r"a\.yaml"):
        reduce_keys(text.encode(), "a.yaml", NOTHING)


JSON_UNREADABLE: dict[str, Callable[[str], str]] = {
    "in capitals": again("{", '{"SOPS": {},'),
    "with a letter that folds to s": again("{", '{"\\u017fops": {},'),
    "twice": again("{", '{"sops": {},'),
    "twice, once escaped": again("{", '{"s\\u006fps": {},'),
    "not JSON": again("{", "{a: 1,"),
    "with a comment": again("{", "{ # x\n"),
}


@pytest.mark.parametrize("name", JSON_UNREADABLE)
def test_json_that_sops_could_read_otherwise_is_refused(
    identity: x25519.Identity, name: str
) -> None:
    text = JSON_UNREADABLE[name](sealed(identity, "a.json").decode())
    with pytest.raises(GitOpsSecretsError, match=r"a\.json"):
        reduce_keys(text.encode(), "a.json", NOTHING)


SPELLINGS: dict[str, Callable[[str], str]] = {
    "flow style": lambda text: json.dumps(yaml.safe_load(text)),
    "a flow block": lambda text: (
        text[: text.index("sops:\n")]
        + "sops: "
        + json.dumps(yaml.safe_load(text)["sops"])
        + " # x\n"
    ),
    "the key in quotes": again("sops:\n", '"sops":\n'),
    "a tag on the block": again("sops:\n", "sops: !!map\n"),
    "a comment in the block": again("sops:\n", "sops:\n# a\n  # b\n"),
    "a comment after the block": lambda text: text + "# the end\n\n# of it\n",
    "no newline at the end": lambda text: text.rstrip("\n"),
    "the block in front": lambda text: (
        text[text.index("sops:\n") :] + "# of what follows\n" + text[: text.index("sops:\n")]
    ),
    "a document mark": lambda text: f"---\n{text}...\n",
    "a byte order mark": lambda text: "\ufeff" + text,
}


@pytest.mark.parametrize("name", SPELLINGS)
def test_every_spelling_opens_without_what_is_not_allowed(
    identity: x25519.Identity, name: str
) -> None:
    hostile = with_keys(sealed(identity, "a.yaml"), "a.yaml", {"hc_vault": [ENTRIES["hc_vault"]]})
    text = SPELLINGS[name](hostile.decode())
    reduced = reduce_keys(text.encode(), "a.yaml", NOTHING)
    assert b"hc_vault" not in reduced.content
    assert opened(text.encode(), "a.yaml", identity) == yaml.safe_load(PLAIN["a.yaml"])


def test_each_of_several_documents_is_reduced(identity: x25519.Identity) -> None:
    config = render_config("^(data|stringData)$", [str(identity.to_public())], {"yaml": 2})
    two = PLAIN["a.yaml"] + b"---\n" + PLAIN["a.yaml"].replace(b"name: a", b"name: b")
    with encrypting(config, "a.yaml", []) as encrypt:
        content = encrypt(two)[0]
    hostile = content.replace(b"sops:\n", f"sops:\n  {VAULT}\n".encode())
    assert hostile.count(b"hc_vault") == 2
    assert b"hc_vault" not in reduce_keys(hostile, "a.yaml", NOTHING).content
    plain = decrypt(hostile, "a.yaml", [str(identity).encode()])
    assert list(yaml.safe_load_all(plain)) == list(yaml.safe_load_all(two))


def test_a_file_without_a_block_is_left_to_sops() -> None:
    assert reduce_keys(b"a: 1\n", "a.yaml", NOTHING).content == b"a: 1\n"


def test_what_is_allowed_stays_with_the_fields_that_sops_reads() -> None:
    allowed = parse_variable(
        f"vault=https://v.example.com azure-key-vault=https://v.example.com pgp={PGP} "
        "aws-kms=arn:aws:kms:eu-west-1:1:key/a gcp-kms=projects/p/k hckms=eu:1"
    )
    keys = {kind: [{**entry, "surprise": "x"}] for kind, entry in ENTRIES.items()}
    content = with_keys(b"a: 1\nsops:\n  mac: x\n", "a.yaml", dict(keys))
    reduced = reduce_keys(content, "a.yaml", allowed)
    assert reduced.dropped == ()
    assert reduced.kept == set(ENTRIES)
    assert {k: v for k, v in block_of(reduced.content).items() if k in ENTRIES} == {
        kind: [entry] for kind, entry in ENTRIES.items()
    }


@pytest.mark.parametrize("field", ["role", "aws_profile"])
def test_a_file_chooses_no_role_and_no_profile(field: str) -> None:
    allowed = parse_variable("aws-kms=arn:aws:kms:eu-west-1:1:key/a")
    content = with_keys(
        b"a: 1\nsops:\n  mac: x\n", "a.yaml", {"kms": [{**ENTRIES["kms"], field: "admin"}]}
    )
    assert [k.kind for k in reduce_keys(content, "a.yaml", allowed).dropped] == ["kms"]


@pytest.mark.parametrize(
    ("address", "is_allowed"),
    [
        ("https://vault.example.com", True),
        ("https://vault.example.com/", True),
        ("https://vault.example.com/team/x", True),
        ("https://vault.example.com.evil.example", False),
        ("https://vault.example.com:8200", False),
        ("https://vault.example.com@evil.example", False),
        ("https://vault.example.com/../x", False),
        ("https://vault.example.com/%2e%2e/x", False),
        ("https://vault.example.com/?a", False),
        ("http://vault.example.com", False),
    ],
)
def test_an_address_is_allowed_with_what_lies_below_it(address: str, is_allowed: bool) -> None:
    allowed = parse_settings(b"key-managers:\n- vault: https://vault.example.com\n", "config.yaml")
    assert allowed.allows("hc_vault", address) is is_allowed
    assert not allowed.allows("azure_kv", address)


@pytest.mark.parametrize(
    "content",
    [
        "key-managers: [{vault: not-an-address}]",
        "key-managers: [{vault: 'https://user@host'}]",
        "key-managers: [{surprise: x}]",
        "key-managers: [vault]",
        "key-managers: [{pgp: ''}]",
        "others: []",
    ],
)
def test_settings_that_are_not_understood_are_refused(content: str) -> None:
    with pytest.raises(GitOpsSecretsError, match=r"config\.yaml"):
        parse_settings(content.encode(), "config.yaml")


@pytest.mark.parametrize(
    ("recipient", "plugin"),
    [
        ("age1" + "q" * 58, None),
        ("age1pq1" + "q" * 1959, None),
        ("ssh-ed25519 AAAA", None),
        ("age1yubikey1qqqq", "yubikey"),
        ("age1evil1x1qqqq", "evil1x"),
        ("age1../../x1qqqq", "../../x"),
    ],
)
def test_the_plugin_that_a_recipient_would_run(recipient: str, plugin: str | None) -> None:
    assert plugin_of(recipient) == plugin


def test_readers_come_back_only_where_that_can_be_proven(identity: x25519.Identity) -> None:
    content = sealed(identity, "a.yaml")
    flow = json.dumps(yaml.safe_load(content), indent=2).encode()
    with pytest.raises(GitOpsSecretsError, match="laid out"):
        restore_keys(flow, content, "a.yaml")
