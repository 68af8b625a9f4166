"""A Secret as sops writes it is read without a parser, and never otherwise than the parser reads it."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator

import pytest

from gitops_secrets.core.guard import engine
from gitops_secrets.core.guard.filter import canonical
from gitops_secrets.core.guard.filter.forms import form_of
from gitops_secrets.core.guard.filter.prefilter import ENCRYPTED, SECRET, may_hold
from gitops_secrets.core.guard.record.facts import Facts
from tests.guard.corpus.case import ONLY_DATA, encrypt
from tests.support.draw import CHANCE

_HEAD = "apiVersion: v1\nkind: Secret\nmetadata:\n    name: db\n    namespace: apps\n"
_ORDINARY = {
    "values": _HEAD + "stringData:\n    user: robot\n    password: correct\n",
    "base64": _HEAD + "type: Opaque\ndata:\n    password: Y29ycmVjdA==\n",
    "pull secret": _HEAD.replace("db", "regcred-21")
    + "type: kubernetes.io/dockerconfigjson\nstringData:\n    .dockerconfigjson: '{}'\n",
    "both": _HEAD + "data:\n    a: Y29ycmVjdA==\nstringData:\n    b.txt: battery\n    c_d: '1'\n",
    "type below": _HEAD + "stringData:\n    a: one\ntype: kubernetes.io/basic-auth\n",
    "no namespace": "kind: Secret\napiVersion: v1\nmetadata:\n    name: db\nstringData:\n    a: one\n",
    "long": _HEAD + "stringData:\n" + "".join(f"    key-{n}: value {n}\n" for n in range(40)),
}
_ODD = " \t'\"#:&*!|>-?{}[]%@,~<.=\\/0aASn"
"""Characters by which YAML takes a line for something else."""


def _sealed(plain: str, *options: str) -> bytes:
    """Return *plain* as sops encrypts it, without ciphertext that may by chance be something readable in base64."""
    while True:
        content = encrypt.__wrapped__(plain, *(options or ONLY_DATA)).encode()
        if form_of(content) is not None:
            return content


def _form(plain: str, *options: str) -> bytes:
    form = form_of(_sealed(plain, *options))
    assert form is not None
    return form.content


def _parsed(form: bytes) -> Facts:
    return engine._examine(form)


@pytest.mark.parametrize("name", _ORDINARY)
def test_an_ordinary_secret_needs_no_parser(name: str) -> None:
    form = _form(_ORDINARY[name])
    facts = canonical.read(form)
    assert facts is not None
    assert facts == _parsed(form)


@pytest.mark.parametrize(
    "options",
    [
        ("--encrypted-regex", "^(data|stringData)$"),
        ("--encrypted-suffix", "Data"),
        ("--unencrypted-regex", "^(apiVersion|kind|metadata|type)$"),
    ],
    ids=lambda options: options[0],
)
def test_whatever_says_what_is_encrypted(options: tuple[str, ...]) -> None:
    form = _form(_ORDINARY["values"], *options)
    facts = canonical.read(form)
    assert facts is not None
    assert facts == _parsed(form)


def test_the_facts_are_those_of_the_file_and_not_of_its_form() -> None:
    content = _sealed(_ORDINARY["pull secret"])
    assert engine.examine(content) == _parsed(content)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("name: db", "name: null"),
        ("name: db", "name: age-plugin"),
        ("name: db", "name: 1e5"),
        ("name: db", "name: db # a comment"),
        ("name: db", f"name: {'a' * 60}"),
        ("    namespace: apps", "    labels:\n        app: db"),
        ("    namespace: apps", "    name: other"),
        ("apiVersion: v1", "apiVersion: v1\nimmutable: true"),
        ("apiVersion: v1", "---\napiVersion: v1"),
        ("stringData:\n", "stringData:\n    extra: readable\n"),
        ("stringData:\n", "stringData:\n    empty: ''\n"),
        ("stringData:\n", "stringData: {}\ndata:\n"),
        ("kind: Secret", "kind: Secret\nkind: ConfigMap"),
        ("    user: ", "    user: &a "),
        ("    password: ", "      password: "),
        ("mac: ENC[AES256_GCM,", "mac: ENC[AES256,"),
        ("- recipient", "  - recipient"),
        ("enc: |", "enc: >"),
        ("    version: ", "  version: "),
        ("    version: ", "    unknown: a\n    version: "),
    ],
)
def test_what_is_not_as_sops_writes_it_is_read_by_the_parser(old: str, new: str) -> None:
    form = _form(_ORDINARY["values"]).decode()
    assert old in form
    assert canonical.read(form.replace(old, new, 1).encode()) is None


def test_no_change_of_a_line_makes_the_two_disagree() -> None:
    alike = 0
    for plain in _ORDINARY.values():
        for changed in _changed(_form(plain).decode()):
            form = changed.encode()
            facts = canonical.read(form)
            if facts is not None and not may_hold(form) & ~(SECRET | ENCRYPTED):
                alike += 1
                assert facts == _parsed(form), changed
    assert alike > 50


def _changed(text: str) -> Iterator[str]:
    """Yield *text* with one line gone, doubled, moved or indented otherwise, or one character changed."""
    lines = text.splitlines(keepends=True)
    for number, line in enumerate(lines):
        above, below = lines[:number], lines[number + 1 :]
        for instead in ("", line * 2, f" {line}", line[1:], f"{line}\n", f"- {line}"):
            yield "".join([*above, instead, *below])
        yield "".join([*above, *below[:1], line, *below[1:]])
        for _ in range(6):
            at = CHANCE.randrange(len(line))
            odd = CHANCE.choice(_ODD)
            yield "".join([*above, line[:at] + odd + line[at + 1 :], *below])
            yield "".join([*above, line[:at] + odd + line[at:], *below])


def test_a_data_key_that_age_did_not_wrap_is_found() -> None:
    """Its header begins as age's does, to the bits of the last character that both have."""
    content = re.sub(
        rb"(?<=YWdlLWVuY3J5cHRpb24ub3JnL3YxCi0\+I).", b"0", _sealed(_ORDINARY["values"])
    )
    facts = engine.examine(content)
    assert facts == _parsed(content)
    assert [note.rule for note in facts.notes] == ["broken-sops-metadata"]


def test_no_parser_is_loaded_for_one() -> None:
    content = _sealed(_ORDINARY["pull secret"]).decode()
    program = (
        "import sys\n"
        "from gitops_secrets.core.guard import engine\n"
        "assert engine.examine(sys.stdin.buffer.read()).objects\n"
        "print('yaml' in sys.modules)\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], input=content, capture_output=True, check=True, text=True
    )
    assert ran.stdout == "False\n"
