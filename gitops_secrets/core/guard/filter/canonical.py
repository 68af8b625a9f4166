"""The form of a Secret as sops writes it, read line by line: a commit with one waits for no parser.

Only what can mean one thing is read here: plain keys and names, each value ENC in full, and a block with
nothing but age's keys. Everything else, a comment or a quote among it, is read by the parser.
"""

from __future__ import annotations

import re

from gitops_secrets.core.guard.patterns.ciphertext import end_of, tag_of
from gitops_secrets.core.guard.patterns.holders import ROOTS
from gitops_secrets.core.guard.record.facts import Facts, Identity, ObjectFacts
from gitops_secrets.core.sops.encrypted import is_encrypted_value

_BLOCK = re.compile(
    r"sops:\n"
    r"(?: +kms: \[\]\n)?(?: +gcp_kms: \[\]\n)?(?: +azure_kv: \[\]\n)?(?: +hc_vault: \[\]\n)?"
    r" +age:\n"
    r"(?P<entries>(?: +- recipient: age1[a-z0-9]+\n"
    r" +enc: \|\n"
    r"(?P<indent> +)-----BEGIN AGE ENCRYPTED FILE-----\n"
    r"(?P=indent)YWdlLWVuY3J5cHRpb24ub3JnL3YxCi0\+I[A-P][A-Za-z0-9+/]{30}\n"
    r"(?:(?P=indent)[A-Za-z0-9+/]{64}\n)+"
    r"(?P=indent)-----END AGE ENCRYPTED FILE-----\n)+)"
    r" +lastmodified: \"2000-01-01T00:00:00Z\"\n"
    r" +mac: (?P<mac>ENC\[[^\n]+\])\n"
    r"(?: +pgp: \[\]\n)?"
    r" +(?:(?:un)?encrypted_(?:regex|suffix): [A-Za-z^(_][A-Za-z0-9^(|)$_]*\n +)?"
    r"version: [0-9]+\.[0-9]+\.[0-9]+\n"
)
"""Of a form, in which each wrapped data key ends with a whole line and the time is the same."""
_WRAPPED = re.compile(r"FILE-----\n([A-Za-z0-9+/\n ]+)-----END")
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_OF_NAMES = _LETTERS + "0123456789.-"
_OF_KEYS = _OF_NAMES + _LETTERS.upper() + "_"
_LONGEST = 47
"""Characters of a name: what is longer may be hidden where it is told."""
_IN_WORDS = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n"})
"""In lower case, what YAML takes for something else than text."""


def read(form: bytes) -> Facts | None:
    """Return the facts of *form*, of a file that holds no more than a Secret and ciphertext; None if a parser has to tell.

    Never others than the parser's.
    """
    text = form.decode("ascii")
    above, mark, rest = text.partition("\nsops:\n")
    block = _BLOCK.fullmatch(f"sops:\n{rest}") if mark else None
    if block is None or text.count("Secret") != 1 or not _is_aligned(block):
        return None
    if not is_encrypted_value(block["mac"]):
        return None
    sections = _sections(above)
    if sections is None:
        return None
    values = [value for root in sections if root in ROOTS for value in sections[root].values()]
    meta = sections["metadata"]
    top = sections[""]
    identity = Identity(
        top["apiVersion"], top["kind"], meta.get("namespace"), meta["name"], top.get("type")
    )
    ciphertexts = tuple(map(tag_of, values))
    wrapped = (end_of("".join(body.split())) for body in _WRAPPED.findall(block["entries"]))
    found = ObjectFacts(identity, 1, 1, 0, True, (), len(values), ciphertexts, tuple(wrapped))
    return Facts(objects=(found,))


def _sections(text: str) -> dict[str, dict[str, str]] | None:
    """Return the fields of the mappings of *text* by the mapping's name, those at the top under "".

    None where anything is not as expected.
    """
    top: dict[str, str] = {}
    sections: dict[str, dict[str, str]] = {"": top}
    indent, fields = 0, top
    for line in text.split("\n"):
        own = _depth(line)
        key, colon, value = line[own:].partition(":")
        if not colon or not _is_key(key):
            return None
        if not own:
            fields = top
            if not value and key in ("metadata", *ROOTS) and key not in sections:
                fields = sections[key] = {}
                section = key
                continue
            if not _is_field(key, value[1:]):
                return None
        else:
            indent = indent or own
            if fields is top or own != indent:
                return None
            if section == "metadata":
                if key not in ("name", "namespace") or not _is_name(value[1:]):
                    return None
            elif not is_encrypted_value(value[1:]):
                return None
        if value[:1] != " " or key in fields:
            return None
        fields[key] = value[1:]
    whole = top.get("apiVersion") and top.get("kind") and "name" in sections.get("metadata", ())
    return sections if whole and all(sections.values()) else None


def _is_key(text: str) -> bool:
    return (
        text[:1] not in "0123456789-" and not text.strip(_OF_KEYS) and text.lower() not in _IN_WORDS
    )


def _is_name(text: str) -> bool:
    return (
        0 < len(text) <= _LONGEST
        and text[0] in _LETTERS
        and not text.strip(_OF_NAMES)
        and text not in _IN_WORDS
        and "age-" not in text
    )


def _is_field(key: str, value: str) -> bool:
    """Return whether *value* is that of the field *key* at the top of a Secret."""
    if key != "type":
        return (key, value) in (("apiVersion", "v1"), ("kind", "Secret"))
    group, _, name = value.partition("/")
    return value == "Opaque" or (len(value) <= _LONGEST and _is_name(group) and _is_name(name))


def _is_aligned(block: re.Match[str]) -> bool:
    """Return whether the lines of the *block* are indented as those of one mapping and one list of mappings."""
    lines = block[0].split("\n")[1:-1]
    own = _depth(lines[0])
    item = next(line for line in lines if line.lstrip(" ").startswith("- "))
    dash = _depth(item)
    for line in lines:
        depth, word = _depth(line), line.lstrip(" ")
        if word.startswith("- "):
            expected = depth == dash >= own
        elif word.startswith("enc:"):
            expected = depth == dash + 2
        elif ":" in word:
            expected = depth == own
        else:
            expected = depth > dash + 2
        if not expected:
            return False
    return True


def _depth(line: str) -> int:
    return len(line) - len(line.lstrip(" "))
