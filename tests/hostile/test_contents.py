"""A guard cannot be talked out of it by how a content is written or packed."""

from __future__ import annotations

import base64
import bz2
import gzip
import io
import json
import lzma
import tarfile
import zipfile
import zlib

import pytest

from gitops_secrets.core.guard import engine
from gitops_secrets.core.guard.judge.policy import Policy
from tests.support.draw import CHANCE, hexadecimal

PASSWORD = f"q7K{hexadecimal(6)}z9"
TOKEN = f"ghp_{hexadecimal(9)}Xq9{hexadecimal(9)}"
CONFIG = json.dumps(
    {
        "auths": {
            "registry.corp.example": {
                "auth": base64.b64encode(f"robot:{PASSWORD}".encode()).decode()
            }
        }
    }
).encode()
FLOW = f"{{apiVersion: v1, kind: Secret, metadata: {{name: db}}, stringData: {{password: {PASSWORD}}}}}\n"
BLOCK = (
    f"apiVersion: v1\nkind: Secret\nmetadata:\n  name: db\nstringData:\n  password: {PASSWORD}\n"
)
ANCHORED = BLOCK.replace("kind: ", "kind: &k ").replace("stringData:", "stringData: &d")
COVERED = Policy({".sops.yaml": b"creation_rules:\n- path_regex: ^pull-secrets/\n"})


def rules(content: bytes | str, policy: Policy = COVERED) -> set[str]:
    raw = content.encode() if isinstance(content, str) else content
    return {f.rule for f in engine.judge_blob("pull-secrets/db.yaml", raw, policy).findings}


DEEP = "a: " + "[" * 6000 + "]" * 6000 + "\n"
LIMITS = {
    "a long blank line": " " * 420 + "\n" + FLOW,
    "a blank line of a megabyte": " " * 1_000_000 + "\n" + FLOW,
    "a long line of tabs": "\t" * 6000 + "\n" + ANCHORED,
    "brackets in a comment": "# " + "[" * 6001 + "\n" + FLOW,
    "brackets in a trailing comment": ANCHORED + "x: y # " + "{" * 6001 + "\n",
    "brackets in a double-quoted scalar": f'a: "{"[{" * 4000}"\n' + ANCHORED,
    "brackets in a block scalar": "a: |\n  " + "[" * 6001 + "\n" + ANCHORED,
    "a long blank line and anchors": " " * 420 + "\n" + ANCHORED,
    "a long line of dashes in a comment": "#" + " -" * 6000 + "\n" + ANCHORED,
    "an anchor given twice": "a: &x 1\nb: &x 2\n" + ANCHORED,
    "an anchor given twice in flow style": "{a: &x 1, b: &x 2, " + FLOW[1:],
    "a tag directive": "%TAG !k! tag:yaml.org,2002:\n---\n" + BLOCK.replace("kind: ", "kind: !k!str "),
    "a version directive": "%YAML 1.2\n---\n" + ANCHORED,
    "another document ahead": "a: b\n---\n" + " " * 420 + "\n" + ANCHORED,
    "a document that is none ahead": "a: [\n---\n" + ANCHORED,
    "a document end mark": "a: b\n...\n---\n" + ANCHORED + "...\n",
    "half a million lines of comments": "#\n" * 500_000 + ANCHORED,
    "deeper than is read": BLOCK.replace("kind: ", "kind: &k ") + DEEP,
    "deep in flow style": FLOW.replace("{name: db}", "{name: db, a: " + "[" * 6000 + "]" * 6000 + "}"),
    "deep with closing brackets in comments": FLOW[:-2] + ", a: " + "[ # ]]]]\n" * 6000 + "]" * 6000 + "}\n",
    "a document that is too large": ANCHORED + "a: " + "x" * (7 << 20) + "\n",
    "a JSON key of any length": json.dumps({"k" * 2000: 1, "kind": "Secret", "stringData": {"a": PASSWORD}}),
    "JSON with comments": '{// [[[\n"kind": "Secret", /* { */ "stringData": {"a": "' + PASSWORD + '"},}\n',
    "lists of lists": "{kind: List, items: [" * 12 + FLOW.strip() + "]}" * 12,
    "a merge of all of it": f"a: &a {{kind: Secret, stringData: {{a: {PASSWORD}}}}}\n---\n<<: {{kind: Secret, stringData: {{a: {PASSWORD}}}}}\n",
    "a line separator": BLOCK.replace("\n", "\u2028"),
    "UTF-16": "\ufeff" + " " * 420 + "\n" + ANCHORED,
}  # fmt: skip


@pytest.mark.parametrize("name", LIMITS)
def test_no_limit_of_a_parser_hides_a_secret(name: str) -> None:
    content = LIMITS[name].encode("utf-16-le" if name == "UTF-16" else "utf-8")
    assert rules(content) & {"unencrypted-secret", "unreadable"}


def test_only_what_may_be_read_as_an_object_elsewhere_is_called_unreadable() -> None:
    for text in (
        "const a = " + "[" * 6000 + "kind Secret data" + "]" * 6000 + ";\nmodule.exports = a;\n",
        "# Notes\n\nA kind: Secret has data:\n\n" + "lorem ipsum, dolor\n" * 400_000,
        "{{- range .Values.secrets }}\nkind: Secret\ndata: {{ .data }}\n{{- end }}\n",
    ):
        assert rules(text) == set()


def test_closing_brackets_in_comments_do_not_end_the_process() -> None:
    text = "kind: Secret\ndata: x\na: " + "[ # ]]]]]]]]\n" * 60_000 + "]" * 60_000 + "\n"
    assert rules(text) == {"unreadable"}


def zipped(*members: bytes, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for number, member in enumerate(members):
            archive.writestr(f"m{number}", member)
    return out.getvalue()


def tarred(*members: bytes, kind: int = tarfile.USTAR_FORMAT) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=kind) as archive:
        for number, member in enumerate(members):
            info = tarfile.TarInfo(f"m{number}")
            info.size = len(member)
            archive.addfile(info, io.BytesIO(member))
    return out.getvalue()


def deflated(content: bytes, level: int, window: int) -> bytes:
    machine = zlib.compressobj(level, zlib.DEFLATED, window)
    return machine.compress(content) + machine.flush()


def encrypted_first(content: bytes) -> bytes:
    """Return a zip file whose first member says that it is encrypted."""
    made = bytearray(zipped(b"hello", content))
    made[6] |= 1
    made[made.find(b"PK\x01\x02") + 8] |= 1
    return bytes(made)


GZIP = gzip.compress(CONFIG)
PACKED = {
    "gzip, second member": gzip.compress(b"hello") + GZIP,
    "gzip, third member behind zeros": gzip.compress(b"a") + bytes(512) + gzip.compress(b"b") + GZIP,
    "gzip, in two members": gzip.compress(CONFIG[:40]) + gzip.compress(CONFIG[40:]),
    "gzip, behind its end": gzip.compress(b"hello") + CONFIG,
    "gzip, wrong checksum": GZIP[:-8] + bytes(8),
    "gzip, cut off": GZIP[:-9],
    "gzip, extra field and name": b"\x1f\x8b\x08\x0c" + bytes(6) + b"\x02\0ab" + b"name\0" + GZIP[10:],
    "gzip, broken behind it": gzip.compress(CONFIG + CHANCE.randbytes(4000))[:2000] + b"\xff" * 50,
    "bzip2, second member": bz2.compress(b"hello") + bz2.compress(CONFIG),
    "xz, second member": lzma.compress(b"hello") + bytes(4) + lzma.compress(CONFIG),
    "xz, best": lzma.compress(CONFIG, preset=9),
    "lzma": lzma.compress(CONFIG, format=lzma.FORMAT_ALONE),
    "zip, stored": zipped(b"a", CONFIG, method=zipfile.ZIP_STORED),
    "zip, bzip2": zipped(b"a", CONFIG, method=zipfile.ZIP_BZIP2),
    "zip, lzma": zipped(b"a", CONFIG, method=zipfile.ZIP_LZMA),
    "zip, behind a script": b"#!/bin/sh\nexit\n" + zipped(CONFIG),
    "zip, without its directory": zipped(b"a", CONFIG)[:-60],
    "zip, behind an encrypted member": encrypted_first(CONFIG),
    "zip in zip in zip": zipped(zipped(b"x", zipped(CONFIG))),
    "tar": tarred(b"hello", CONFIG),
    "gzip in tar": tarred(b"hello" * 300, GZIP),
    "gzip in tar in gzip": gzip.compress(tarred(b"hello", GZIP)),
    "zip in tar in bzip2": bz2.compress(tarred(zipped(CONFIG), kind=tarfile.GNU_FORMAT)),
    "gzip in a second tar": tarred(b"a") + tarred(GZIP, kind=tarfile.PAX_FORMAT),
    "zstd": b"\x28\xb5\x2f\xfd" + CHANCE.randbytes(200),
    "7z": b"7z\xbc\xaf\x27\x1c" + CHANCE.randbytes(200),
    **{
        f"zlib, level {level}, window {window}": deflated(CONFIG, level, window)
        for level in (0, 1, 5, 6, 9)
        for window in (9, 12, 15)
    },
}  # fmt: skip


@pytest.mark.parametrize("name", PACKED)
def test_every_member_of_every_archive_is_looked_at(name: str) -> None:
    assert rules(PACKED[name]) & {"packed-credentials", "docker-config", "unreadable"}


@pytest.mark.parametrize("name", PACKED)
@pytest.mark.parametrize("line", ["x: {}\n", 'X="{}"\n', '{{"a": "{}"}}\n'])
def test_the_same_in_base64_is_looked_at(name: str, line: str) -> None:
    encoded = base64.b64encode(PACKED[name]).decode()
    assert rules(line.format(encoded)) & {"packed-credentials", "docker-config", "unreadable"}


def test_a_bomb_of_many_archives_is_called_unreadable() -> None:
    content = CONFIG
    for _ in range(5):
        content = zipped(*[content] * 16)
    assert "unreadable" in rules(content)


def test_what_is_no_archive_is_not_called_one() -> None:
    for content in (
        b"\x89PNG\r\n\x1a\n" + CHANCE.randbytes(3000),
        gzip.compress(CHANCE.randbytes(3000))[:900],
        zipped(CHANCE.randbytes(500)),
        tarred(b"a: b\n", CHANCE.randbytes(2000)),
        b"hChild: (S\n",
        b"BZh is how it begins\n",
    ):
        assert rules(content) == set()


def secret_of(*values: str) -> str:
    lines = "".join(f"  {value}\n" for value in values)
    return f"apiVersion: v1\nkind: Secret\nmetadata: {{name: db}}\nstringData:\n{lines}"


VARIABLE = "url: ${URL}"
BESIDE = {
    "a token": secret_of(VARIABLE, f"pat: {TOKEN}"),
    "a token ahead of it": secret_of(f"pat: {TOKEN}", VARIABLE),
    "a word": secret_of(VARIABLE, "x: correcthorse"),
    "a token under the name of a setting": secret_of(VARIABLE, f"user: {TOKEN}"),
    "an address with a password": secret_of(VARIABLE, f"uri: postgres://app:{PASSWORD}@db/app"),
    "a token within the same value": secret_of(f"url: https://${{HOST}}/{TOKEN}"),
    "a password within the same address": secret_of(f"url: postgres://app:{PASSWORD}@${{HOST}}/app"),
    "a token on another line of it": secret_of("env: |", "  HOST=${HOST}", f"  PAT={TOKEN}"),
    "a token in brackets": secret_of(f"list: '[\"{TOKEN}\"]'"),
    "a chart's template": secret_of("url: '{{ .Values.url }}'", f"pat: {TOKEN}"),
    "an empty config": secret_of("config: '{}'", f"pat: {TOKEN}"),
    "another document": secret_of(VARIABLE) + "---\n" + secret_of(f"pat: {TOKEN}"),
    "another item of a list": json.dumps(
        {"kind": "List", "items": [{"kind": "Secret", "stringData": {"a": value}} for value in ("${X}", TOKEN)]}
    ),
    "a value of data": f"kind: Secret\ndata:\n  a: {base64.b64encode(b'${A}').decode()}\n  b: {base64.b64encode(TOKEN.encode()).decode()}\n",
    "a second Secret of a broken text": "kind: Secret\nstringData:\n  a: ${A}\nx: [\nitems:\n- kind: Secret\n  stringData:\n    b: " + TOKEN + "\n",
}  # fmt: skip


@pytest.mark.parametrize("name", BESIDE)
def test_a_placeholder_says_nothing_about_what_stands_beside_it(name: str) -> None:
    assert "unencrypted-secret" in rules(BESIDE[name])


def test_plain_settings_beside_a_variable_are_silent_still() -> None:
    settings = ("host: db.apps.svc", "port: '5432'", "username: app-rw", "endpoint: https://db.example.com:5432/app", "sslmode: require")  # fmt: skip
    assert rules(secret_of("password: ${PASSWORD}", *settings)) == set()


def test_a_password_that_only_begins_like_ciphertext_is_readable() -> None:
    config = json.dumps({"auths": {"ghcr.io": {"username": "u", "password": f"ENC[{PASSWORD}"}}})
    assert rules(config) == {"docker-config"}


@pytest.mark.parametrize(
    "regex",
    [
        r"^pull-secrets/[[:alnum:]]+\.yaml$",
        r"^pull-secrets/[^[:space:]]+$",
        r"pull-secrets/[[:^digit:]]+$",
        r"\Qpull-secrets/db.yaml\E\z",
        r"^\pL+-secrets/",
        r"(?i)^PULL-SECRETS/",
        r"(?U)^pull-secrets/.+$",
        r"^(?P<folder>pull-secrets)/(?<name>\w+)\.yaml$",
        r"^pull-secrets/\x64\142\.yaml$",
        r"^(pull-)?((s|e|c|r|e|t)+)+/",
        r"\bdb\b",
    ],
)
def test_a_rule_covers_what_it_covers_for_sops(regex: str) -> None:
    policy = Policy({".sops.yaml": f"creation_rules:\n- path_regex: '{regex}'\n".encode()})
    assert rules(BLOCK, policy) == {"unencrypted-secret"}


@pytest.mark.parametrize(
    "rule",
    [
        "{filename_regex: ^other$}",
        "{path_regex: ''}",
        "{path_regex: null}",
        "{<<: {path_regex: ^pull-secrets/}}",
        "{path_regex: !!binary XnB1bGwt}",
    ],
)
def test_a_rule_is_read_as_sops_reads_it(rule: str) -> None:
    policy = Policy({".sops.yaml": f"creation_rules:\n- {rule}\n".encode()})
    assert rules(BLOCK, policy) == {"unencrypted-secret"}
