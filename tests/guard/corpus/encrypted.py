"""Secrets that a creation rule covers, files that are encrypted in part, forged or broken."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from tests.guard.corpus.case import ONLY_DATA, RULE_FOR_ALL, Case, Fresh, b64, encrypt, found

HEAD = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: db\n  namespace: apps\n"


def readable() -> Iterator[Case]:
    yield from _unencrypted()
    yield from _partly()
    yield from _broken()
    yield from _conflicts()
    yield from _other_kinds()


def _unencrypted() -> Iterator[Case]:
    rule = "unencrypted-secret"
    for name, spell, reason in UNENCRYPTED:
        yield found(f"unencrypted/{name}", rule, spell(Fresh()), reason, sops_config=RULE_FOR_ALL)
    for name, config, path in RULES:
        text = HEAD + f"stringData:\n  password: {Fresh().password}\n"
        yield found(
            f"unencrypted/rule {name}",
            rule,
            text,
            "a creation rule matches",
            path,
            sops_config=config.encode(),
        )


UNENCRYPTED = [
    ("string data", lambda c: HEAD + f"stringData:\n  password: {c.password}\n", "a readable value"),
    ("base64", lambda c: HEAD + f"data:\n  password: {b64(c.password)}\n", "base64 is readable"),
    ("json", lambda c: json.dumps({"apiVersion": "v1", "kind": "Secret", "stringData": {"a": c.password}}), "JSON"),
    ("block", lambda c: HEAD + f"stringData:\n  conf: |\n    user=x\n    pass={c.password}\n", "a block"),
    ("second document", lambda c: "kind: ConfigMap\napiVersion: v1\ndata: {a: b}\n---\n" + HEAD + f"data:\n  a: {b64(c.password)}\n", "the second document"),
    ("list item", lambda c: "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Secret\n  stringData:\n    a: " + c.password + "\n", "an item of a List"),
    ("one literal among variables", lambda c: HEAD + f"stringData:\n  user: ${{USER}}\n  password: {c.password}\n", "one value is no variable"),
    ("escaped kind", lambda c: HEAD.replace("Secret", '"\\x53ecret"') + f"stringData:\n  a: {c.password}\n", "an escape in the kind"),
    ("broken", lambda c: HEAD + f"stringData:\n  password: {c.password}\n bad indent\n", "no parser reads it"),
    ("tls", lambda c: HEAD + f"type: kubernetes.io/tls\ndata:\n  tls.key: {b64(c.password)}\n", "another type"),
    ("utf-16", lambda c: (HEAD + f"stringData:\n  a: {c.password}\n").encode("utf-16"), "UTF-16"),
    ("number", lambda _: HEAD + "stringData:\n  pin: 493021\n", "a number is a value"),
    ("config with templates", lambda c: HEAD + f"stringData:\n  alertmanager.yaml: |\n    title: '{{{{ .CommonLabels }}}}'\n    slack_api_url: https://hooks/{c.password}\n", "one line of a templated config is a secret"),
    ("described below stringData", lambda _: HEAD + "stringData:\n  password: <the-password-of-the-db>\n", "Flux applies the description as the value"),
    ("mixed in angle brackets", lambda c: HEAD + f"data:\n  password: <{c.password[:11]}7xQ>\n", "no description has such a word"),
    ("template without guard", lambda c: "{{- if x }}\n" + HEAD + f"stringData:\n  password: {c.password}\n{{{{- end }}}}\n", "a literal in a template"),
]  # fmt: skip
RULES = [
    ("catch-all", "creation_rules:\n- age: age1x\n", "a.yaml"),
    (
        "anchored",
        "creation_rules:\n- path_regex: ^clusters/prod/.*\\.yaml$\n",
        "clusters/prod/x.yaml",
    ),
    (
        "second",
        "creation_rules:\n- path_regex: ^dev/\n- path_regex: sops\\.ya?ml$\n",
        "prod/db.sops.yaml",
    ),
    ("filename_regex", "creation_rules:\n- filename_regex: \\.sops\\.yaml$\n", "prod/db.sops.yaml"),
    (
        "wrong encrypted_regex",
        "creation_rules:\n- path_regex: prod\n  encrypted_regex: ^stringdata$\n",
        "prod/db.yaml",
    ),
]


def _partly() -> Iterator[Case]:
    rule = "partly-encrypted-secret"
    c = Fresh()
    one = encrypt(HEAD + f"stringData:\n  user: {c.user}\n  password: {c.password}\n", *ONLY_DATA)
    clear = re.sub(r"password: ENC\[.*\]", f"password: {c.password}", one)
    yield found("partly/one in clear", rule, clear, "someone pasted a value in")
    yield found(
        "partly/second block",
        rule,
        one.replace("sops:\n", f"data:\n    new: {b64(c.password)}\nsops:\n", 1),
        "data was added beside stringData",
    )
    yield found(
        "partly/typo regex",
        rule,
        encrypt(
            HEAD + f"stringData:\n  password: {c.password}\n", "--encrypted-regex", "^stringdata$"
        ),
        "the regex matched nothing, and sops exits 0",
    )
    yield found(
        "partly/narrow regex",
        rule,
        encrypt(
            HEAD + f"stringData:\n  a: {c.user}\n  password: {c.password}\n",
            "--encrypted-regex",
            "^a$",
        ),
        "the regex matched one value only",
    )
    yield found(
        "partly/unencrypted suffix",
        rule,
        encrypt(
            HEAD + f"stringData:\n  a: x\n  password_plain: {c.password}\n",
            "--unencrypted-regex",
            "^(apiVersion|kind|metadata|password_plain)$",
        ),
        "a rule left a value readable",
    )
    cut = re.sub(r"(password: ENC\[AES256_GCM,data:[^,]*),iv:[^,]*", r"\1", one)
    yield found("partly/cut ciphertext", rule, cut, "a ciphertext without its IV is none")
    yield found(
        "partly/ciphertext with a tail",
        rule,
        re.sub(r"(password: ENC\[.*\])", rf"\g<1>{c.password}", one),
        "a readable tail behind ciphertext",
    )
    yield found(
        "partly/only looks like it",
        rule,
        re.sub(r"password: ENC\[.*\]", f"password: ENC[{c.password}]", one),
        "ENC around a readable value",
    )
    yield found(
        "partly/duplicate key",
        rule,
        one.replace("stringData:\n", f"stringData:\n    password: {c.password}\n", 1),
        "of two equal keys one is readable",
    )
    both = encrypt(
        HEAD
        + f"stringData:\n  password: {c.password}\n---\n"
        + HEAD.replace("db", "db2")
        + "stringData:\n  a: b\n",
        *ONLY_DATA,
    )
    second = both.rpartition("    a: ENC[")
    tail = second[2].partition("\n")[2]
    yield found(
        "partly/second document",
        rule,
        second[0] + f"    a: {c.password}\n" + tail,
        "only the first document is encrypted",
    )
    plain = json.loads(
        encrypt(
            json.dumps(
                {"apiVersion": "v1", "kind": "Secret", "stringData": {"a": c.user, "b": c.password}}
            ),
            *ONLY_DATA,
            kind="json",
        )
    )
    plain["stringData"]["b"] = c.password
    yield found("partly/json", rule, json.dumps(plain, indent=2), "the same in JSON", "a.json")
    broken = clear + "\n  oops: [\n"
    yield found("partly/broken file", rule, broken, "no parser reads it, and Git keeps it")


def _broken() -> Iterator[Case]:
    rule = "broken-sops-metadata"
    good = encrypt(HEAD + f"stringData:\n  password: {Fresh().password}\n", *ONLY_DATA)
    yield found("broken/no mac", rule, re.sub(r"    mac: .*\n", "", good), "the MAC was taken out")
    yield found(
        "broken/clear mac",
        rule,
        re.sub(r"    mac: .*\n", "    mac: abc\n", good),
        "a MAC that sops never wrote",
    )
    yield found(
        "broken/no time", rule, re.sub(r"    lastmodified: .*\n", "", good), "no lastmodified"
    )
    entry = re.search(r"        - recipient: .*\n          enc: \|\n(?: {12}.*\n)+", good)
    assert entry is not None
    other = "        - recipient: age1" + "q" * 58 + entry[0][entry[0].index("\n") :]
    yield found(
        "broken/copied key",
        rule,
        good.replace(entry[0], entry[0] + other),
        "a reader with the wrapped data key of another",
    )
    yield found(
        "broken/no block",
        rule,
        good.partition("sops:\n")[0],
        "the block was cut off, and Flux applies the ciphertext",
    )
    yield found(
        "broken/empty block", rule, good.partition("sops:\n")[0] + "sops: {}\n", "an empty block"
    )
    yield found(
        "broken/scalar block",
        rule,
        good.partition("sops:\n")[0] + "sops: encrypted\n",
        "a block that is not a mapping",
    )
    yield found(
        "broken/no key",
        rule,
        re.sub(r"    age:\n(?:        .*\n)+", "    age: []\n", good),
        "nobody can open it",
    )
    yield found(
        "broken/garbage key",
        rule,
        re.sub(r"(-----BEGIN AGE ENCRYPTED FILE-----\n) +\S+\n", r"\1            AAAA\n", good),
        "a data key that age did not wrap",
    )
    yield found(
        "broken/no recipient",
        rule,
        re.sub(r"recipient: \S+", "recipient: nobody", good),
        "a recipient that is none",
    )
    rules = rule + " partly-encrypted-secret"
    forged = (
        HEAD
        + f"stringData:\n  password: {Fresh().password}\nsops:\n  lastmodified: '2024-01-01T00:00:00Z'\n  mac: ENC[x]\n  version: 3.9.0\n"
    )
    yield found("broken/forged", rules, forged, "a block by itself excuses nothing")


def _conflicts() -> Iterator[Case]:
    good = encrypt(HEAD + f"stringData:\n  password: {Fresh().password}\n", *ONLY_DATA)
    mac = re.search(r"    lastmodified: .*\n    mac: .*\n", good)
    assert mac
    ours = mac.group()
    merged = good.replace(ours, f"<<<<<<< HEAD\n{ours}=======\n{ours}>>>>>>> theirs\n")
    yield found(
        "conflict/metadata",
        "conflict-markers",
        merged,
        "what Git leaves when two people edit one file",
    )
    value = next(line for line in good.splitlines() if "password" in line)
    two = good.replace(value, f"<<<<<<< HEAD\n{value}\n=======\n{value}\n>>>>>>> x")
    yield found("conflict/value", "conflict-markers", two, "the conflict is in a value")
    yield found(
        "conflict/crlf", "conflict-markers", merged.replace("\n", "\r\n"), "Windows line ends"
    )


def _other_kinds() -> Iterator[Case]:
    rule = "encrypted-other-kind"
    good = encrypt(Fresh().secret, *ONLY_DATA)
    yield found(
        "kind/config map",
        rule,
        good.replace("kind: Secret", "kind: ConfigMap"),
        "Flux decrypts it for everybody with view",
    )
    opaque = encrypt(
        HEAD + f"type: Opaque\nstringData:\n  password: {Fresh().password}\n", *ONLY_DATA
    )
    yield found(
        "kind/opaque",
        rule,
        opaque.replace("kind: Secret", "kind: ConfigMap"),
        "a ConfigMap has no type",
    )
    bare = opaque.replace("type: Opaque\n", "").replace("kind: Secret", "kind: ConfigMap")
    yield found("kind/string data", rule, bare, "a ConfigMap has no stringData")
