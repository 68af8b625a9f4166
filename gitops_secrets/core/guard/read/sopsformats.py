"""Files in sops' other formats than YAML: which of their values are readable, and should not be.

sops encrypts a dotenv file, an ini file and JSON value by value, and anything else as one value in JSON. What it
wrote is known by its metadata, whatever the file is called.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import NamedTuple

from gitops_secrets.core.guard.record.facts import Key
from gitops_secrets.core.sops.encrypted import is_encrypted_value
from gitops_secrets.core.sops.rules.choices import EVERYTHING, Choice
from gitops_secrets.core.sops.structure import RULE_FIELDS

_OF_OTHERS = (
    *(b"age-encryption.org/", b"-----BEGIN AGE ENCRYPTED", b"-----BEGIN PGP MESSAGE"),
    *(b"$ANSIBLE_VAULT", b"Salted__", b"U2FsdGVkX1", b"\0GITCRYPT", b"-----BEGIN CERTIFICATE"),
)
"""How begins what another program encrypted, and what is public."""
_LINE = re.compile(r"(?:export[ ]+)?(?P<key>[^=#;\s][^=]*?)[ \t]*=[ \t]*(?P<value>.*)")
_SECTION = re.compile(r"\[(?P<name>[^\]]+)\]\s*")


class Entry(NamedTuple):
    """One value of a file."""

    key: Key
    value: str
    line: int


class Readable(NamedTuple):
    """The first value that everybody can read."""

    entry: Entry
    is_beside_others: bool
    """Whether sops encrypted other values of the file."""


def readable_in(path: str, content: bytes) -> Iterator[Readable]:
    """Yield each value of *content*, a file at *path* that is to be encrypted, that could be a readable secret.

    Nothing of what another program encrypted, or what is no text. A file that sops reads as a whole has one value.
    """
    if not content.strip() or content.startswith(_OF_OTHERS):
        return
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return
    if "\0" in text or (re.search(r"(?m)^sops:", text) and "ENC[" in text):
        return  # YAML by its content: its objects are judged
    end = path.rpartition(".")[2].lower()
    document = _json_of(text)
    if document is not None:
        yield from _in_json(document, end)
    elif end in ("env", "ini") or re.search(r"(?m)^(?:sops_mac=|\[sops\])", text):
        yield from _in_lines(text)
    else:
        yield Readable(Entry((), text, 1), is_beside_others=False)


def is_sealed(content: bytes) -> bool:
    """Return whether *content* is what sops wrote in one of these formats, with nothing left readable by mistake."""
    path = "sealed.json" if content.lstrip()[:1] == b"{" else "sealed.env"
    has_metadata = any(sign in content for sign in (b'"sops"', b"sops_mac=", b"[sops]"))
    return has_metadata and next(readable_in(path, content), None) is None


class _Object(list[tuple[str, object]]):
    """An object of JSON with each of its pairs: a key that stands in it twice has two values, of which readers show one."""


def _json_of(text: str) -> _Object | None:
    try:
        found = json.loads(text, object_pairs_hook=_Object)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, _Object) else None


def _in_json(document: _Object, end: str) -> Iterator[Readable]:
    metadata: dict[str, object] = {}
    blocks = [at for at, (key, _) in enumerate(document) if key == "sops"]
    if blocks:
        block = document.pop(blocks[-1])[1]  # sops goes by the last; another one is a value
        metadata = dict(block) if isinstance(block, _Object) else {}
    is_whole = end != "json" and [key for key, _ in document] == ["data"]
    fields = {} if is_whole else {k: v for k, v in metadata.items() if isinstance(v, str)}
    has_mac = is_encrypted_value(str(metadata.get("mac")))
    yield from _left(list(_leaves(document)), fields, has_mac=has_mac)


def _leaves(document: _Object) -> Iterator[Entry]:
    stack: list[tuple[Key, object]] = [((), document)]
    while stack:
        key, value = stack.pop()
        if isinstance(value, _Object):
            stack += (((*key, k), v) for k, v in reversed(value))
        elif isinstance(value, list):
            stack += (((*key, i), v) for i, v in reversed(list(enumerate(value))))
        elif isinstance(value, str):
            yield Entry(key, value, 1)


def _in_lines(text: str) -> Iterator[Readable]:
    section = ""
    entries: list[Entry] = []
    fields: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        head = _SECTION.fullmatch(line)
        found = _LINE.fullmatch(line)
        if head is not None:
            section = head["name"]
        elif found is not None:
            key, value = found["key"], found["value"].strip()
            if section == "sops":
                fields[key] = value
            elif key.startswith("sops_") and not section:
                fields[key.removeprefix("sops_")] = value
            else:
                entries.append(Entry((section, key) if section else (key,), value, number))
    yield from _left(entries, fields, has_mac=is_encrypted_value(fields.get("mac", "")))


def _left(entries: list[Entry], fields: dict[str, str], *, has_mac: bool) -> Iterator[Readable]:
    """Yield what of *entries* is readable, less what the *fields* of sops' own metadata leave so."""
    sealed = [is_encrypted_value(entry.value) for entry in entries]
    is_sealed = has_mac and any(sealed)
    chosen = [Choice(f, fields[f]) for f in RULE_FIELDS if fields.get(f)] or [EVERYTHING]
    for entry, is_encrypted in zip(entries, sealed, strict=True):
        if is_encrypted or not entry.value.strip("\"' "):
            continue
        names = [step for step in entry.key if isinstance(step, str)]
        if not is_sealed or all(choice.encrypts(names) for choice in chosen):
            yield Readable(entry, is_beside_others=is_sealed)
