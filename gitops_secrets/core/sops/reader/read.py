"""An encrypted file opened: whether each value opens, whether the MAC is that of what it holds, and what it holds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum
from hashlib import sha512
from typing import TYPE_CHECKING, NamedTuple

import yaml

from gitops_secrets.core.sops.reader.block import read_block
from gitops_secrets.core.sops.reader.cipher import ClosedError, DataKey
from gitops_secrets.core.sops.reader.flat import load_dotenv, load_ini
from gitops_secrets.core.sops.reader.jsontree import load_json
from gitops_secrets.core.sops.reader.tree import (
    Branch,
    Comment,
    Form,
    RefusedError,
    Tree,
    Typed,
    UnsupportedError,
    Value,
)
from gitops_secrets.core.sops.reader.yamltree import load_yaml
from gitops_secrets.core.sops.rules.choices import Choice
from gitops_secrets.core.sops.structure import Metadata
from gitops_secrets.core.veiled import Veiled
from gitops_secrets.core.yamltext.nodes import Path

if TYPE_CHECKING:
    from hashlib import _Hash

_MAC_ONLY_ENCRYPTED = bytes.fromhex(
    "8a3fd2ad54ce66527b1034f3d147be0b0b975b3bf44f72c6fdadec8176f27d69"
)
"""What sops begins such a MAC with: the SHA-256 of "sops"."""
_LOADERS: dict[Form, Callable[[bytes], tuple[Tree, yaml.MappingNode]]] = {
    Form.JSON: load_json,
    Form.DOTENV: load_dotenv,
    Form.INI: load_ini,
    Form.BINARY: lambda content: load_json(content, Form.BINARY),
}


class Verdict(StrEnum):
    """What sops would make of a file."""

    INTACT = "intact"
    """Every value opens, and the MAC fits: sops decrypts it."""
    REFUSED = "refused"
    """sops fails on it, whatever the key."""
    NO_KEY = "no key"
    """No identity at hand opens its data key."""
    CLOSED = "closed"
    """A value does not open under the data key."""
    MAC = "mac"
    """Every value opens, and the MAC does not fit."""
    UNSUPPORTED = "unsupported"
    """Only sops can tell."""


class Reading(NamedTuple):
    """The verdict on a file."""

    verdict: Verdict
    why: str = ""
    """A reason in our own words, for REFUSED and UNSUPPORTED."""
    key: Path = ()
    """For CLOSED: the keys that lead to the value."""


class Opened(Veiled):
    """The verdict on a file, and what it holds."""

    __slots__ = ("branches", "reading")

    def __init__(self, reading: Reading, branches: tuple[Branch, ...]) -> None:
        self.reading = reading
        self.branches = branches
        """Its documents, readable; none unless it is intact."""


class Loaded(NamedTuple):
    """A file, ready to be read with its data key."""

    tree: Tree
    metadata: Metadata
    choice: Choice


def load(
    content: bytes,
    form: Form,
    composed: Sequence[yaml.Node] | None = None,
    metadata: Metadata | None = None,
) -> Loaded:
    """Return the encrypted file *content*. Raises RefusedError and UnsupportedError.

    If it is parsed already, *composed* are the documents of a YAML file, empty ones too, and *metadata* is what
    its first ``sops`` block says.
    """
    if form is Form.YAML:
        tree, block = load_yaml(content, composed)
    else:
        tree, block = _LOADERS[form](content)
    return Loaded(tree, *read_block(block, metadata))


def open_values(loaded: Loaded, key: DataKey) -> Opened:
    """Return what ``open_loaded`` does without a look at the MAC: intact is a file of which every value opens."""
    try:
        branches = _Walk(loaded, key).run()
    except _FAILURES as error:
        return Opened(_failed(error), ())
    return Opened(Reading(Verdict.INTACT), branches)


def open_loaded(loaded: Loaded, key: DataKey) -> Opened:
    """Return what sops would make of *loaded* with its data key, and if it is intact the values too."""
    walk = _Walk(loaded, key)
    try:
        branches = walk.run()
        metadata = loaded.metadata
        stamp = (metadata.lastmodified or "").replace("+00:00", "Z").replace("-00:00", "Z")
        found = key.decrypt(metadata.mac or "", stamp)
        if isinstance(found, Typed):
            raise RefusedError("its mac is not text")
        is_intact = found == walk.mac.hexdigest().upper().encode()
    except ClosedError:
        return Opened(Reading(Verdict.MAC), ())
    except _FAILURES as error:
        return Opened(_failed(error), ())
    if not is_intact:
        return Opened(Reading(Verdict.MAC), ())
    return Opened(Reading(Verdict.INTACT), branches)


class _ClosedAtError(Exception):
    def __init__(self, key: Path) -> None:
        super().__init__()
        self.key = key


_FAILURES = (_ClosedAtError, ClosedError, RefusedError, UnsupportedError, RecursionError)


def _failed(error: Exception) -> Reading:
    """Return what is said of a file on which a walk ends with *error*, one of _FAILURES."""
    if isinstance(error, _ClosedAtError):
        return Reading(Verdict.CLOSED, key=error.key)
    if isinstance(error, ClosedError):
        return Reading(Verdict.CLOSED)
    if isinstance(error, RefusedError):
        return Reading(Verdict.REFUSED, str(error))
    why = str(error) if isinstance(error, UnsupportedError) else "it is nested too deep"
    return Reading(Verdict.UNSUPPORTED, why)


class _Walk:
    """Goes over a tree as sops does."""

    def __init__(self, loaded: Loaded, key: DataKey) -> None:
        self._loaded = loaded
        self._key = key
        self._is_in: dict[str, bool] = {}
        self._encrypts_others = loaded.choice.field.startswith("unencrypted")
        self._mac_only = loaded.metadata.mac_only_encrypted
        self.mac: _Hash = sha512(_MAC_ONLY_ENCRYPTED if self._mac_only else b"")

    def run(self) -> tuple[Branch, ...]:
        """Go over all documents, and return what they hold."""
        tree = self._loaded.tree
        found = tuple(self._branch(branch, "", (), named=False) for branch in tree.branches)
        if tree.form is Form.BINARY and not self._has_data(tree.branches[0]):
            raise RefusedError("it holds no text under the key data")
        return found

    def _has_data(self, branch: Branch) -> bool:
        value = next((value for name, value in branch if name == "data"), None)
        if not isinstance(value, str):
            return False
        if self._chosen(named=self._names("data")):
            return isinstance(self._key.decrypt(value, "data:"), bytes)
        return True

    def _chosen(self, *, named: bool) -> bool:
        return named != self._encrypts_others

    def _names(self, name: str) -> bool:
        found = self._is_in.get(name)
        if found is None:
            found = self._is_in[name] = self._loaded.choice.is_in(name)
        return found

    def _branch(self, branch: Branch, bound: str, path: Path, *, named: bool) -> Branch:
        found = []
        for name, value in branch:
            if isinstance(value, Comment):
                self._comment(value, bound, named=named)
                continue
            inner = named or self._names(name)
            found.append((name, self._value(value, f"{bound}{name}:", (*path, name), named=inner)))
        return tuple(found)

    def _value(self, value: Value, bound: str, path: Path, *, named: bool) -> Value:
        if isinstance(value, str):
            return self._leaf(value, bound, path, named=named)
        if value is None:
            return None
        if isinstance(value, Typed):
            if self._chosen(named=named):
                raise _ClosedAtError(path)
            if not self._mac_only:
                self.mac.update(value.canonical)
            return value
        if isinstance(value, list):
            return [
                self._value(item, bound, (*path, index), named=named)
                for index, item in enumerate(value)
            ]
        assert isinstance(value, tuple)
        return self._branch(value, bound, path, named=named)

    def _leaf(self, value: str, bound: str, path: Path, *, named: bool) -> Value:
        if not self._chosen(named=named):
            if not self._mac_only:
                self.mac.update(_bytes(value))
            return value
        try:
            found = self._key.decrypt(value, bound)
        except ClosedError:
            raise _ClosedAtError(path) from None
        if isinstance(found, Comment):
            # A comment in a list is a value there, and says by its type what it is.
            return found
        self.mac.update(found.canonical if isinstance(found, Typed) else found)
        return found if isinstance(found, Typed) else found.decode(errors="surrogateescape")

    def _comment(self, comment: Comment, bound: str, *, named: bool) -> None:
        """Go over a comment: one that does not open was never encrypted, and none goes into the MAC."""
        if not self._chosen(named=named):
            return
        try:
            found = self._key.decrypt(comment.text, bound or ":")
        except ClosedError:
            return
        if isinstance(found, Typed):
            raise UnsupportedError("a comment holds a number")
        if isinstance(found, bytes):
            self.mac.update(found)


def _bytes(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise UnsupportedError("a text has half of a character") from None
