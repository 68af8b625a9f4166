"""An encrypted file of any form, as far as it can be read without a key."""

from __future__ import annotations

import re
from typing import NamedTuple

import yaml

from gitops_secrets.core.sops.reader.flat import load_dotenv, load_ini, node_of
from gitops_secrets.core.sops.reader.tree import (
    Comment,
    Form,
    RefusedError,
    UnsupportedError,
    form_of,
)
from gitops_secrets.core.sops.structure import Metadata, SopsDocument, read_structure
from gitops_secrets.core.yamltext.nodes import Position, compose_all, get, position
from gitops_secrets.core.yamltext.nulls import is_null
from gitops_secrets.errors import InvalidDocumentError

MARK = b"ENC[AES256_GCM,"
"""In whatever sops has encrypted: a value, or the MAC."""
_BLOCK_OF_YAML = re.compile(rb"(?m)^sops:[ \t\r]*$")
_BLOCK_OF_JSON = re.compile(rb'"sops"\s*:\s*\{')
_BLOCK_OF_DOTENV = re.compile(rb"(?m)^sops_mac=ENC\[")
_BLOCK_OF_INI = re.compile(rb"(?m)^\[sops\]\s*$")
_CONFLICT = re.compile(rb"(?m)^<{7} ")


class EncryptedFile(NamedTuple):
    """A file that sops has encrypted, or that holds encrypted values."""

    path: str
    content: bytes
    form: Form
    composed: tuple[yaml.Node, ...]
    """The root of each document, empty ones too; of dotenv and ini files without positions."""
    roots: tuple[yaml.Node, ...]
    """Those that are not empty."""
    documents: tuple[SopsDocument, ...]
    """What is in each of the roots."""

    @property
    def block(self) -> yaml.Node | None:
        """The first ``sops`` block: of the first document, where sops reads it, if nobody put another ahead."""
        return next((block for root in self.roots if (block := get(root, "sops"))), None)

    @property
    def metadata(self) -> Metadata | None:
        """What its first ``sops`` block says; None if it has none that is a mapping."""
        return next((d.metadata for d in self.documents if d.metadata is not None), None)

    def place_of_block(self, *path: str) -> Position:
        """Return where *path* below the ``sops`` block is, or else the block, or the file's beginning."""
        found = get(self.block, *path) or self.block
        return position(found) if found is not None else Position(1, 1)


def read_encrypted(path: str, content: bytes) -> EncryptedFile | None:
    """Return the encrypted file *content* at *path*; None if it is none.

    Raises InvalidDocumentError for a file that says it is encrypted and cannot be read.
    """
    if MARK not in content:
        return None
    form = sniffed_form(path, content)
    if form is None:
        return None
    try:
        composed = _composed(content, form, path)
    except InvalidDocumentError:
        if _is_marked(content, form) and form_of(path) is form:
            raise
        return None
    roots = tuple(root for root in composed if not is_null(root))
    documents = read_structure(roots)
    if not any(d.metadata or any(v.encrypted for v in d.values) for d in documents):
        return None
    return EncryptedFile(path, content, form, tuple(composed), roots, documents)


def has_conflict(content: bytes) -> bool:
    """Return whether Git's markers of a merge conflict stand in *content*."""
    return _CONFLICT.search(content) is not None


def sniffed_form(path: str, content: bytes) -> Form | None:
    """Return the form of an encrypted file: by its name, or else by its metadata; None if it has neither."""
    form = form_of(path)
    if form is not Form.BINARY:
        return form
    if content.lstrip().startswith(b"{") and _BLOCK_OF_JSON.search(content):
        return Form.BINARY
    return next(
        (form for form in (Form.YAML, Form.DOTENV, Form.INI) if _is_marked(content, form)), None
    )


def _is_marked(content: bytes, form: Form) -> bool:
    marks = {Form.YAML: _BLOCK_OF_YAML, Form.DOTENV: _BLOCK_OF_DOTENV, Form.INI: _BLOCK_OF_INI}
    return marks.get(form, _BLOCK_OF_JSON).search(content) is not None


def _composed(content: bytes, form: Form, path: str) -> list[yaml.Node]:
    if form not in (Form.DOTENV, Form.INI):
        return compose_all(content, path)
    if not _is_marked(content, form):
        return []
    try:
        tree, block = (load_dotenv if form is Form.DOTENV else load_ini)(content)
    except (RefusedError, UnsupportedError) as error:
        raise InvalidDocumentError(f"{path}: {error}") from None
    entries = (entry for branch in tree.branches for entry in branch)
    root = node_of(tuple(entry for entry in entries if not isinstance(entry[1], Comment)))
    root.value.append((yaml.ScalarNode("tag:yaml.org,2002:str", "sops", root.start_mark), block))
    return [root]
