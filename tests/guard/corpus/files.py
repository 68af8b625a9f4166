"""Files in sops' other formats, which a creation rule may want encrypted by their names."""

from __future__ import annotations

import json
from collections.abc import Iterator

from tests.guard.corpus.case import RULE_FOR_ALL, Case, Fresh, b64, encrypt, found, remember, silent

ATTENTION = "This section contains key material that should only be modified with\n        extra care. See `sops -h`."
RULE = "unencrypted-secret"
PARTLY = "partly-encrypted-secret"


def _rule(path_regex: str, more: str = "") -> bytes:
    return f"creation_rules:\n- path_regex: '{path_regex}'\n{more}".encode()


ALL = _rule(".*")


def _env(c: Fresh) -> str:
    return f"# settings\nTZ=Europe/Berlin\nexport DB_PASSWORD={c.password}\n"


def _ini(c: Fresh) -> str:
    return f"[main]\nport = 8080\n[db]\npassword = {c.password}\n"


def _json(c: Fresh) -> str:
    return json.dumps({"db": {"port": 5432, "password": c.password}}, indent=2)


READABLE = [
    ("named by its extension", "apps/db.env", _env, _rule("\\.env$"), "the rule is for these files"),
    ("bare dotenv", "apps/.env", _env, _rule("apps/.*\\.env"), "so is the usual name"),
    ("one of several extensions", "secrets/db.env", _env, _rule("secrets/.*\\.(yaml|json|env|ini)$"), "it is in the list"),
    ("ini", "secrets/db.ini", _ini, _rule("\\.(env|ini)$"), "the same in another format"),
    ("json", "secrets/db.json", _json, _rule("secrets/.*\\.(yaml|json|env|ini)$"), "a folder of secrets"),
    ("json by its name", "apps/db.secrets.json", _json, _rule("secrets\\.(yaml|json)$"), "the name says secrets"),
    ("sops in the name", "apps/db.sops.json", _json, ALL, "the name says that sops encrypts it"),
    ("enc in the name", "apps/db.enc.env", _env, ALL, "the same in another word"),
    ("enc behind", "apps/db.env.enc", _env, ALL, "and in another place"),
    ("hidden enc", ".enc.env", _env, ALL, "a name that is nothing else"),
    ("binary", "tls/server.enc.key", lambda c: f"key {c.password}\n", ALL, "any other file is encrypted as a whole"),
    ("encrypted", "terraform/prod.encrypted.tfvars", lambda c: f'db_password = "{c.password}"\n', ALL, "settings of Terraform"),
    ("no rule's path", "db.enc.ini", _ini, b"creation_rules:\n- age: age1x\n", "a rule for every file"),
]  # fmt: skip
SILENT = [
    ("settings only", "apps/app.env", lambda _: "TZ=Europe/Berlin\nPORT=8080\nLOG_LEVEL=debug\n", _rule("\\.env$"), "no value is a secret"),
    ("placeholders", "apps/app.enc.env", lambda _: "DB_PASSWORD=changeme\nTOKEN=${TOKEN}\nOTHER=\n", ALL, "nor is any of these"),
    ("another rule", "apps/app.env", _env, _rule("\\.ya?ml$"), "no rule matches it"),
    ("everything", "apps/app.env", _env, ALL, "a rule for everything says nothing of this file"),
    ("a whole folder", "apps/app.env", _env, _rule("^apps/"), "nor does one for a folder"),
    ("dashboard", "kubernetes/app/dashboard.json", _json, _rule("kubernetes/.*\\.(ya?ml|json)$"), "JSON is much else"),
    ("translation", "locales/secrets.json", lambda _: '{"title": "Secrets of the castle"}', _rule("\\.json$"), "the rule does not speak of secrets"),
    ("example", "apps/example.enc.env", _env, ALL, "an example is for people to copy"),
    ("example behind", "apps/.enc.env.example", _env, ALL, "the same"),
    ("code", "docs/sops.md", lambda _: "How we use sops\n", ALL, "a page about it"),
    ("program", "cmd/enc.go", lambda _: "package enc\n", ALL, "code"),
    ("openssl", "deploy_key.enc", lambda _: b"Salted__" + bytes(range(128, 200)), ALL, "another program encrypted it"),
    ("age", "backup.txt.enc", lambda _: b"age-encryption.org/v1\n-> X25519 abc\n", ALL, "another program encrypted it"),
    ("not text", "photo.enc", lambda _: bytes(range(256)), ALL, "nobody reads it as text"),
    ("empty", "apps/db.enc.env", lambda _: "\n", ALL, "nothing is in it"),
    ("template of a Secret", "apps/db.sops.yaml.tmpl", lambda c: f"apiVersion: v1\nkind: Secret\nmetadata: {{name: db}}\nstringData:\n  a: '{c.password}'\n", _rule(".*\\.sops\\.ya?ml"), "the rule lacks its $, and sops reads no template"),
    ("test data", "internal/testdata/token.yaml", lambda c: f"apiVersion: v1\nkind: Secret\nmetadata: {{name: t}}\nstringData:\n  token-secret: '{c.password}'\n", b"creation_rules:\n- age: age1x\n", "a rule that names no path does not speak of what tests read"),
]  # fmt: skip


def readable() -> Iterator[Case]:
    for name, path, spell, rules, reason in READABLE:
        yield found(f"file/{name}", RULE, spell(Fresh()), reason, path, sops_config=rules)
    for kind, spell in (("dotenv", _env), ("ini", _ini), ("json", _json)):
        end = {"dotenv": "env"}.get(kind, kind)
        path = f"apps/db.enc.{end}"
        more = Fresh().password
        sealed = encrypt(spell(Fresh()), kind=kind)
        by_hand = {
            "dotenv": lambda t, v: f"NEW_TOKEN={v}\n{t}",
            "ini": lambda t, v: t.replace("[db]\n", f"[db]\nnew = {v}\n"),
            "json": lambda t, v: t.replace('"db": {', f'"db": {{"new": "{v}",', 1),
        }[kind]
        yield found(f"file/{kind} with a value by hand", PARTLY, by_hand(sealed, more), "someone added a value", path, sops_config=ALL)  # fmt: skip
        faked = f"ENC[AES256_GCM,data:{b64(remember('hunter-of-' + more))},iv:{'A' * 43}=,tag:{'A' * 22}==,type:str]"
        yield found(f"file/{kind} with a forged value", PARTLY, by_hand(sealed, faked), "what stands in the brackets is readable", path, sops_config=ALL)  # fmt: skip
        bare = encrypt(spell(Fresh()), "--encrypted-regex", "^nothing$", kind=kind)
        yield found(f"file/{kind} whose regex matched nothing", RULE, bare, "sops exits 0", path, sops_config=ALL)  # fmt: skip
    part = encrypt(_env(Fresh()), kind="dotenv") + f"MORE={Fresh().password}\n"
    text = f"apiVersion: v1\nkind: Secret\nmetadata: {{name: db}}\ndata:\n  file: {b64(part)}\n"
    yield found("file/a value by hand in a Secret", RULE, text, "what is inside is readable in part", "db.yaml", sops_config=RULE_FOR_ALL)  # fmt: skip
    c = Fresh()
    told = encrypt("a: " + c.password).replace(
        "sops:\n", f"sops:\n    attention: {Fresh().password}\n"
    )
    yield found("file/another warning", "broken-sops-metadata", told, "what sops does not write may be a secret", "old.yaml")  # fmt: skip
    sealed = encrypt(_json(Fresh()), kind="json")
    for name, ahead in (
        ("of its own key", f'{{"db": {{"host": "{Fresh().password}"}},'),
        ("in a second block of metadata", f'{{"sops": {{"note": "{Fresh().password}"}},'),
    ):
        twice = sealed.replace("{", ahead, 1)
        yield found(f"file/json with a readable value {name}", PARTLY, twice, "a key stands in an object twice", "apps/db.enc.json", sops_config=ALL)  # fmt: skip
    whole = json.loads(encrypt(f"key {c.password}", kind="binary"))
    whole["data"] = f"key {c.password}"
    yield found("file/binary in the clear", RULE, json.dumps(whole), "only the metadata is sops' own", "tls/a.enc.key", sops_config=ALL)  # fmt: skip


def lookalikes() -> Iterator[Case]:
    for name, path, spell, rules, reason in SILENT:
        yield silent(f"file/{name}", spell(Fresh()), reason, path, sops_config=rules)
    for kind, spell in (("dotenv", _env), ("ini", _ini), ("json", _json)):
        end = {"dotenv": "env"}.get(kind, kind)
        sealed = encrypt(spell(Fresh()), kind=kind)
        for path in (f"apps/db.enc.{end}", f"apps/db.{end}.enc"):
            yield silent(f"file/sealed {path}", sealed, "sops wrote it", path, sops_config=ALL)
        part = encrypt(spell(Fresh()), "--encrypted-regex", "(?i)password$", kind=kind)
        yield silent(f"file/{kind} sealed in part", part, "as the rule chooses", f"apps/db.enc.{end}", sops_config=ALL)  # fmt: skip
    for kind, spell in (("dotenv", _env), ("json", _json), ("binary", _env)):
        inside = b64(encrypt(spell(Fresh()), kind=kind))
        text = f"apiVersion: v1\nkind: Secret\nmetadata: {{name: db}}\ndata:\n  file: {inside}\n"
        yield silent(f"file/{kind} in a Secret", text, "Flux decrypts what is inside a value", "db.yaml")  # fmt: skip
    first = encrypt("a: " + Fresh().password).replace(
        "sops:\n", f"sops:\n    attention: {ATTENTION}\n"
    )
    yield silent(
        "file/sealed by sops 1", first, "sops before 2.0 wrote a warning there", "old.yaml"
    )
    whole = encrypt(f"key {Fresh().password}", kind="binary")
    yield silent("file/sealed binary", whole, "sops wrote it", "tls/a.enc.key", sops_config=ALL)
