"""Whatever the spelling: a readable Secret is found, the filter loses nothing, nothing is said."""

from __future__ import annotations

import base64
import bz2
import codecs
import gzip
import importlib.util
import io
import json
import lzma
import re
import sys
import tarfile
import zipfile
import zlib
from hashlib import sha512
from types import ModuleType

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gitops_secrets.core.guard import engine
from gitops_secrets.core.guard.filter import encoded, hexadecimal, prefilter
from gitops_secrets.core.guard.filter.forms import form_of
from gitops_secrets.core.guard.filter.prefilter import EVERYTHING, may_hold
from gitops_secrets.core.guard.filter.words import finder, one_by_one
from gitops_secrets.core.guard.judge.policy import Policy
from gitops_secrets.core.guard.look.inspection import inspect
from gitops_secrets.core.guard.read.nodes import child, scalar
from tests.guard.corpus import commands, configs, encrypted, hidden, lookalikes, pull_secrets
from tests.guard.corpus.case import ONLY_DATA, Fresh, encrypt
from tests.guard.said import everything_said, given_away, pieces

SETTINGS = settings(max_examples=200)
LETTERS = "ABCDEFGHJKLMNPQRSTVWXYZabcdefghjkmnpqrtuvwxyz23456789"
PASSWORDS = st.text(LETTERS + "!_.~+", min_size=12, max_size=40).filter(
    lambda p: len(set(p)) > 7 and re.search(r"\d", p) is not None
)
POLICY = Policy({".sops.yaml": b"creation_rules:\n- path_regex: .*\n"})


@st.composite
def scalars(draw: st.DrawFn, text: str) -> str:
    """Return *text* as YAML spells a scalar, in one of its ways."""
    style = draw(
        st.sampled_from(["plain", "single", "double", "escaped", "tagged", "anchored", "block"])
    )
    if style == "single":
        return f"'{text}'"
    if style == "double":
        return json.dumps(text)
    if style == "escaped":
        at = draw(st.integers(0, len(text) - 1))
        form = draw(st.sampled_from(["\\x{:02x}", "\\u{:04x}", "\\U{:08x}"]))
        return '"' + text[:at] + form.format(ord(text[at])) + text[at + 1 :] + '"'
    if style == "tagged":
        return f"!!str {text}"
    if style == "anchored":
        return f"&a{draw(st.integers(0, 99999))} {text}"
    if style == "block":
        return f">-\n      {text}"
    return text


@st.composite
def keys(draw: st.DrawFn, text: str) -> str:
    """Return *text* with its colon as YAML spells a key."""
    quoted = draw(st.sampled_from(["{}:", "'{}':", '"{}":', "? {}\n{{pad}}:", "{} :"]))
    return quoted.format(text)


@st.composite
def spelled_secrets(draw: st.DrawFn) -> tuple[str, bytes]:
    """Return a password and a readable pull Secret that holds it."""
    password = draw(PASSWORDS)
    auth = base64.b64encode(f"robot:{password}".encode()).decode()
    entry = draw(
        st.sampled_from(
            [
                {"auth": auth},
                {"username": "robot", "password": password},
                {"username": "robot", "password": password, "auth": auth},
            ]
        )
    )
    config = json.dumps({"auths": {"ghcr.io": entry}}, indent=draw(st.sampled_from([None, 2])))
    root = draw(st.sampled_from(["data", "stringData"]))
    value = base64.b64encode(config.encode()).decode() if root == "data" else json.dumps(config)
    spelled = draw(scalars(value)) if root == "data" else value
    lines = [
        f"{draw(keys('apiVersion'))} v1",
        f"{draw(keys('kind'))} {draw(scalars('Secret'))}",
        f"{draw(keys('metadata'))} {{name: regcred}}",
        f"{draw(keys('type'))} {draw(scalars('kubernetes.io/dockerconfigjson'))}",
    ]
    lines = [line.replace("{pad}", "") for line in draw(st.permutations(lines))]
    inner = draw(keys(".dockerconfigjson")).replace("{pad}", "  ")
    document = "\n".join([*lines, f"{root}:", f"  {inner} {spelled}", ""])
    return password, draw(wrappings(document))


@st.composite
def wrappings(draw: st.DrawFn, document: str) -> bytes:
    """Return *document* among others, commented, in some encoding and with some line ends."""
    document = draw(st.sampled_from(["", "a: 1\n---\n", "---\n", "# note\n"])) + document
    document += draw(st.sampled_from(["", "---\nb: 2\n", "...\n", "---\n- [broken\n"]))
    document = document.replace("\n", draw(st.sampled_from(["\n", "\r\n"])))
    encoding = draw(
        st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "utf-32-be"])
    )
    return document.encode(encoding)


@SETTINGS
@given(spelled_secrets())
def test_any_spelling_of_a_readable_pull_secret_is_found(made: tuple[str, bytes]):
    password, content = made
    facts = engine.examine(content)
    findings = engine.judge("a.yaml", facts, POLICY).findings
    assert "plaintext-dockerconfigjson" in {f.rule for f in findings}, content
    assert given_away(everything_said(facts, findings), pieces([password])) == set()


@SETTINGS
@given(PASSWORDS, st.data())
def test_any_spelling_of_a_readable_secret_under_a_creation_rule_is_found(
    password: str, data: st.DataObject
):
    document = (
        f"apiVersion: v1\n{data.draw(keys('kind')).replace('{pad}', '')} {data.draw(scalars('Secret'))}\n"
        f"metadata: {{name: db}}\nstringData:\n  password: {data.draw(scalars(password))}\n"
    )
    content = data.draw(wrappings(document))
    facts = engine.examine(content)
    findings = engine.judge("a.yaml", facts, POLICY).findings
    assert "unencrypted-secret" in {f.rule for f in findings}, content
    assert given_away(everything_said(facts, findings), pieces([password])) == set()


AHEAD = st.sampled_from(
    [
        "", " " * 6000 + "\n", "# " + "[" * 6000 + "\n", "a: &x 1\nb: &x 2\n", "a: b\n---\n", "%YAML 1.1\n---\n", "---\n{}\n---\n",
        "#\n" * 3000, f"a: \"{'[{' * 4000}\"\n", "a: |\n  ---\n  [\n", "--- # {\n", "\ufeff", "...\n---\n", "? a\n: b\n",
    ]
)  # fmt: skip
BEHIND = st.sampled_from(
    [
        "",
        "...\n",
        "---\n[\n",
        "# ]\n",
        "---\n{{ x }}\n",
        "y: &x 1\nz: &x 2\n",
        "a: [ # ]\n]\n",
        "\n" * 3000,
    ]
)
ENCODINGS = st.sampled_from(["utf-8", "utf-16", "utf-32", "utf-8-sig"])


@SETTINGS
@given(PASSWORDS, st.lists(AHEAD, max_size=2).map("".join), BEHIND, ENCODINGS, st.data())
def test_what_a_composer_reads_as_a_secret_is_never_silent(
    password: str, ahead: str, behind: str, encoding: str, data: st.DataObject
):
    text = f"{ahead}apiVersion: v1\nkind: &k Secret\nstringData: &d\n  password: {data.draw(scalars(password))}\n{behind}"
    if not _is_secret_to_a_composer(text, password):
        return
    facts = engine.examine(text.encode(encoding))
    findings = engine.judge("a.yaml", facts, POLICY).findings
    assert {f.rule for f in findings} & {"unencrypted-secret", "unreadable"}, text[:200]
    assert given_away(everything_said(facts, findings), pieces([password])) == set()


def _is_secret_to_a_composer(text: str, password: str) -> bool:
    """Return whether one document of *text*, ahead of any fault, is a Secret with *password* to PyYAML's own composer."""
    try:
        return any(
            scalar(child(child(root, "stringData"), "password")) == password
            and scalar(child(root, "kind")) == "Secret"
            for root in yaml.compose_all(text, yaml.CSafeLoader)
        )
    except yaml.YAMLError:
        return False


CONTENTS = (
    '{"auths": {"ghcr.io": {"username": "robot", "password": "%s"}}}',
    "docker login -u robot -p %s ghcr.io",
    "https://robot:%s@registry.example.com/v2/",
)


@SETTINGS
@given(
    PASSWORDS,
    st.sampled_from(CONTENTS),
    st.sampled_from(["", "hexadecimal"]),
    st.lists(
        st.sampled_from(["base64", "gzip", "json", "zlib", "bzip2", "xz", "zip", "tar"]),
        min_size=1,
        max_size=5,
    ),
)
def test_however_often_it_is_packed_it_is_found(
    password: str, kind: str, innermost: str, layers: list[str]
):
    content = (kind % password).encode()
    for layer in (innermost, *layers):
        if layer == "base64":
            content = base64.b64encode(content)
        elif layer == "gzip":
            content = gzip.compress(content, mtime=0)
        elif layer == "zlib":
            content = zlib.compress(content)
        elif layer == "bzip2":
            content = bz2.compress(b"first") + bz2.compress(content)
        elif layer == "xz":
            content = lzma.compress(content)
        elif layer in ("zip", "tar"):
            content = _archived(layer, content)
        elif layer == "hexadecimal":
            content = content.hex().encode()
        elif layer and content.isascii():
            content = json.dumps({"value": content.decode()}).encode()
    facts = engine.examine(content)
    assert facts.notes, (kind, innermost, layers)
    assert given_away(everything_said(facts, ()), pieces([password])) == set()


def _archived(kind: str, content: bytes) -> bytes:
    out = io.BytesIO()
    if kind == "zip":
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("first", "first")
            archive.writestr("config", content)
        return out.getvalue()
    with tarfile.open(fileobj=out, mode="w") as archive:
        info = tarfile.TarInfo("config")
        info.size = len(content)
        archive.addfile(info, io.BytesIO(content))
    return out.getvalue()


FRAGMENTS = st.sampled_from(
    [
        b"kind: Secret\n", b"stringData:\n  a: ", b"data:\n  .dockerconfigjson: ", b"hunter2Xq9pLmT4\n",
        b'{"auths":{"ghcr.io":{"auth":"', base64.b64encode(b"bob:Xq9pLmT4vR"), b'"}}}', b"docker login ",
        b"-u bob ", b"-p Xq9pLmT4vR ", b"--password=Xq9pLmT4vR\n", b"registry: ghcr.io\n", b"username: bob\n",
        b"password: Xq9pLmT4vR\n", b"imageCredentials:\n  ", b"sops:\n  mac: x\n", b"ENC[AES256_GCM,data:",
        b"# ", b"---\n", b"  ", b"\n", b"\\", b'"', b"'", b"\0", b"\xff\xfe", b"\x1f\x8b\x08", b"{{ .x }}",
        b"REGISTRY_PASSWORD=Xq9pLmT4vR\n", b"- name: REGISTRY_PASSWORD\n  value: Xq9pLmT4vR\n", b"\\u0065",
        b"AGE-SECRET-KEY-1QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7LQPZRY9X8GF2TVDW0S3JN54KHC\n", b"!!binary ",
        b"<<<<<<< a\n=======\n>>>>>>> b\n", b"auths:\n  ghcr.io:\n    auth: ", b"--creds bob:Xq9pLmT4vR ",
        b"curl -u bob:Xq9pLmT4vR https://r/v2/ ", b"crictl ", b"ctr ", b"--user bob:Xq9pLmT4vR ", b"echo x | ",
        b"https://bob:", b"oci://bob:", b"Xq9pLmT4vR@", b"registry.example.com/v2/ ", b"REGISTRY_URL: ",
        b"get('https://ghcr.io/v2/', ", b"auth=('bob', 'Xq9pLmT4vR'))", b"CR_PAT", b"DOCKER_READ_PAT", b"=", b": ", b"ghp_Xq9pLmT4vRXq9pLmT4vR\n", b"REPO_URL=ghcr.io/a\n", b"REPO_PASS=Xq9pLmT4vR\n",
        base64.b64encode(b'{"auths":{"ghcr.io":{"auth":"Ym9iOlhxOXBMbVQ0dlI="}}}'),
    ]
)  # fmt: skip


@settings(max_examples=1500)
@given(st.lists(FRAGMENTS, max_size=14).map(b"".join))
@example(b"kind: Secret\nstringData:\n  a: b\n")
def test_the_byte_filter_loses_nothing(content: bytes):
    inspection, text = inspect(content, EVERYTHING)
    facts = inspection.facts(text)
    if facts.notes or any(o.readable for o in facts.objects):
        assert may_hold(content), facts


@settings(max_examples=25)
@given(PASSWORDS, st.sampled_from(["data", "stringData"]), st.booleans())
def test_whatever_sops_encrypts_whole_is_silent(password: str, root: str, comment: bool):
    value = base64.b64encode(password.encode()).decode() if root == "data" else json.dumps(password)
    plain = f"apiVersion: v1\nkind: Secret\nmetadata:\n  name: a\n{root}:\n  password: {value}\n"
    content = ("# a comment\n" if comment else "") + encrypt(plain, *ONLY_DATA)
    for written in (content.encode(), codecs.BOM_UTF8 + content.encode(), content.encode("utf-16")):
        assert engine.judge_blob("a.yaml", written, POLICY).findings == ()


@settings(max_examples=400)
@given(
    st.binary(max_size=400)
    | st.text(max_size=200).map(lambda t: t.encode("utf-8", "surrogatepass"))
)
def test_anything_at_all_is_judged_without_an_error(content: bytes):
    engine.judge("a.yaml", engine.examine(content), POLICY)


def test_one_of_the_stems_stands_in_every_word() -> None:
    words = (*prefilter._WORDS, *prefilter._FIELDS, *prefilter._COMMANDS)
    assert [w for w in words if not any(s in w.lower() for s in prefilter._STEMS)] == []


@SETTINGS
@given(
    st.lists(st.binary(min_size=1, max_size=4), min_size=1, max_size=30), st.binary(max_size=300)
)
def test_words_are_found_in_one_pass_where_they_are_found_one_by_one(
    words: list[bytes], text: bytes
):
    assert finder(*words)(text) == one_by_one(*words)(text)


def test_a_word_is_found_across_the_parts_of_a_large_text() -> None:
    has_word = finder(b"word", b"a longer word")
    for at in (*range(65_500, 65_560), 200_000 - 4):
        text = b"x" * at + b"word"
        assert has_word(text)
        assert not has_word(text[:-1])


def loaded_anew(module: ModuleType) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"plain_{module.__name__}", str(module.__file__))
    assert spec is not None
    assert spec.loader is not None
    plain = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(plain)
    return plain


def test_a_filter_without_the_wheel_of_words_answers_the_same(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "ahocorasick_rs", None)
    monkeypatch.setitem(sys.modules, encoded.__name__, loaded_anew(encoded))
    plain = loaded_anew(prefilter)
    kinds = (pull_secrets, configs, commands, hidden, encrypted)
    for case in (*(c for kind in kinds for c in kind.readable()), *lookalikes.lookalikes()):
        assert plain.may_hold(case.content) == may_hold(case.content), case.name


@SETTINGS
@given(st.binary(min_size=24, max_size=60), st.integers(0, 3), st.sampled_from(["x", "+", "_"]))
def test_what_is_encoded_twice_is_worth_decoding_wherever_it_begins(
    inner: bytes, before: int, filler: str
):
    once = base64.b64encode(inner).rstrip(b"=")
    run = filler.encode() * before + base64.b64encode(once)
    assert encoded._is_encoded_again(b"a: " + run + b"\n")


@SETTINGS
@given(st.binary(max_size=40), PASSWORDS, st.sampled_from(["standard", "of addresses"]))
def test_an_address_in_base64_is_worth_decoding_wherever_it_begins(
    before: bytes, password: str, alphabet: str
):
    encode = base64.b64encode if alphabet == "standard" else base64.urlsafe_b64encode
    text = before + f"https://robot:{password}@ghcr.io/".encode()
    assert encoded.is_worth_it(b"a: " + encode(text), b"a:" + encode(text))


@SETTINGS
@given(
    st.text("0123456789abcdefABCDEF", max_size=3),
    st.text("abcdefghijklmnopqrstuvwxyz-=: \n\t", min_size=20, max_size=60),
    st.binary(max_size=8),
    st.booleans(),
)
def test_text_in_hexadecimal_is_read_wherever_it_begins(
    ahead: str, text: str, behind: bytes, is_upper: bool
):
    digits = text.encode().hex() + behind.hex()
    run = ahead + (digits.upper() if is_upper else digits)
    assert any(text.encode() in found for found in hexadecimal.texts(run.encode()))


@given(st.lists(st.binary(min_size=20, max_size=64), max_size=50))
def test_sums_are_no_text_in_hexadecimal(sums: list[bytes]):
    listed = "\n".join(sha512(each).hexdigest() for each in sums)
    assert list(hexadecimal.texts(listed.encode())) == []


@pytest.mark.parametrize("line_break", ["\x85", "\u2028", "\u2029"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_secret_is_found_between_the_line_breaks_that_only_yaml_has(
    line_break: str, encoding: str
) -> None:
    text = f"apiVersion: v1\nkind: Secret{line_break}metadata:\n  name: x\nstringData:\n  a: {Fresh().password}\n"
    assert engine.examine(text.encode(encoding)).objects[0].readable


def test_text_of_sixteen_bits_is_filtered_by_what_it_says() -> None:
    """Of eight bits, a slash in what is other letters there ended the address before its host."""
    address = "REGISTRY_URL=https://robot:V7IQdbcZ7q4m%s@registry.example.com\n"
    for inner in (b"/@/@", b"//"):
        before, after = address.encode("utf-16-le").split("%s".encode("utf-16-le"))
        content = codecs.BOM_UTF16_LE + before + inner + after
        assert engine.examine(content).notes, content


def test_a_key_that_is_a_piece_of_a_readable_value_is_not_said() -> None:
    fresh = Fresh()
    packed = base64.b64encode(gzip.compress(fresh.config.encode())).decode()
    text = json.dumps({"kind": "Secret", "stringData": {"a": f"YcmiBTitEFLx: {packed}"}})
    facts = engine.examine(text.encode())
    assert [(n.rule, n.key[:3]) for n in facts.notes] == [
        ("packed-credentials", ("stringData", "a", "(hidden)"))
    ]


def test_an_address_as_a_key_is_said_without_its_password() -> None:
    packed = base64.b64encode(gzip.compress(Fresh().config.encode())).decode()
    for key, said in (
        ("https://robot:2tcVsntBbx", "(hidden)"),
        ("https://robot:2tcVsntBbx@ghcr.io", "(hidden)"),
        ("https://ghcr.io:443/v2/", "https://ghcr.io:443/v2/"),
    ):
        facts = engine.examine(json.dumps({"a": {key: packed}}).encode())
        assert facts.notes[-1].key[:2] == ("a", said)


def test_a_file_looked_at_by_its_form_has_the_facts_of_the_file() -> None:
    seen = 0
    for case in (*encrypted.readable(), *lookalikes.lookalikes()):
        for content in (case.content, case.content.replace(b"\n", b"\r\n"), case.content * 2):
            seen += form_of(content) is not None
            assert engine.examine(content) == engine._examine(content), case.name
    assert seen > 20


def test_of_two_files_of_one_form_each_has_its_own_ciphertext() -> None:
    plain = "kind: Secret\nmetadata: {name: a}\nstringData:\n  a: %s\n  b: b\n"
    one, two = (encrypt(plain % word, *ONLY_DATA).encode() for word in ("one", "another"))
    assert form_of(one).content == form_of(two).content  # type: ignore[union-attr]
    (first,), (second,) = engine.examine(one).objects, engine.examine(two).objects
    assert set(first.ciphertexts + first.wrapped).isdisjoint(second.ciphertexts + second.wrapped)
    assert first._replace(ciphertexts=(), wrapped=()) == second._replace(ciphertexts=(), wrapped=())


def test_what_stands_as_ciphertext_and_can_be_read_is_found() -> None:
    sealed = encrypt("kind: Secret\nmetadata: {name: a}\nstringData:\n  a: one\n", *ONLY_DATA)
    config = base64.b64encode(b'{"auths": {"ghcr.io": {"auth": "cm9ib3Q6aHVudGVyMmh1bnRlcjI="}}}')
    forged = re.sub(r"data:[^,]+,iv", f"data:{config.decode()},iv", sealed, count=1).encode()
    assert form_of(forged) is None
    assert engine.examine(forged) == engine._examine(forged)
