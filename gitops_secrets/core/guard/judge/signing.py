"""How a repository has its commits signed: who may sign, and which files need whose signature."""

from __future__ import annotations

import posixpath
import re
from typing import NamedTuple

import yaml

from gitops_secrets.core.guard.judge.fields import elements, fields, glob, refused, text

_ALLOWED, _SIGNERS, _SIGNED = "allowed-signers", "signers", "signed"
_ENTRY = ("paths", "by", "signers")
_SHORT = re.compile(r"(?:0x)?[0-9A-Fa-f]{8,39}")


class SignedRule(NamedTuple):
    """Which files need a signature, and whose."""

    paths: tuple[str, ...] = ()
    """Patterns of the files that it is for; every file if there are none."""
    by: tuple[str, ...] = ()
    """The names of those who may sign; all signers if there are none."""
    signers: int = 1
    """How many different ones."""

    def covers(self, path: str) -> bool:
        """Return whether it is for the file *path*."""
        from gitops_secrets.core.guard.judge.globs import covers

        return not self.paths or any(covers(glob, path) for glob in self.paths)


class Signing(NamedTuple):
    """What ``verify:`` says."""

    allowed_signers: str = ""
    """The path of a file of allowed signers for SSH, from the top of the repository."""
    signers: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Names, each with its keys: fingerprints, and principals of the allowed signers."""
    signed: tuple[SignedRule, ...] = (SignedRule(),)
    """The first that covers a file counts; what none covers needs no signature."""

    def rule_for(self, path: str) -> SignedRule | None:
        """Return what *path* needs, None for nothing."""
        return next((rule for rule in self.signed if rule.covers(path)), None)


def read_signing(node: yaml.Node, name: str) -> Signing:
    """Return what the mapping *node* of the file *name* says. Raises InvalidDocumentError for anything else."""
    found = fields(node, name, (_ALLOWED, _SIGNERS, _SIGNED), required=())
    allowed = _path(found[_ALLOWED], name) if _ALLOWED in found else ""
    signers = _signers(found[_SIGNERS], name) if _SIGNERS in found else {}
    entries = elements(found[_SIGNED], name, _SIGNED) if _SIGNED in found else None
    signed = (SignedRule(),) if entries is None else tuple(_rule(e, name, signers) for e in entries)
    return Signing(allowed, tuple(signers.items()), signed)


def _path(node: yaml.Node, name: str) -> str:
    path = posixpath.normpath(text(node, name, _ALLOWED).lstrip("/"))
    if path.split("/")[0] == "..":
        hint = "write the path of a file of this repository, from its top"
        raise refused(node, name, f"{_ALLOWED} leads out of the repository", hint)
    return path


def _signers(node: yaml.Node, name: str) -> dict[str, tuple[str, ...]]:
    if not isinstance(node, yaml.MappingNode):
        raise refused(node, name, "signers is not a mapping", "write signers: {NAME: [KEY]}")
    read: dict[str, tuple[str, ...]] = {}
    whose: dict[str, str] = {}
    for key, value in node.value:
        person = text(key, name, "the name of a signer")
        keys = tuple(_key(one, name) for one in elements(value, name, f"the keys of {person}"))
        for one in keys:
            if whose.setdefault(one, person) != person or person in read:
                hint = "a key belongs to one signer, for two signers are to be two persons"
                raise refused(value, name, f"{one} stands here twice", hint)
        read[person] = keys
    return read


def _key(node: yaml.Node, name: str) -> str:
    found = text(node, name, "a key")
    if _SHORT.fullmatch(found):
        hint = "write the whole fingerprint: gpg --list-keys --with-colons"
        raise refused(node, name, f"{found} is the short id of a key, which others can have", hint)
    is_hex = re.fullmatch(r"[0-9A-Fa-f]{40}|[0-9A-Fa-f]{64}", found)
    return found.upper() if is_hex else found


def _rule(node: yaml.Node, name: str, known: dict[str, tuple[str, ...]]) -> SignedRule:
    found = fields(node, name, _ENTRY, required=("paths",))
    paths = tuple(glob(one, name) for one in elements(found["paths"], name, "paths"))
    if not paths:
        hint = "write paths: [FOLDER/] for the files that need a signature"
        raise refused(found["paths"], name, "this rule has no paths", hint)
    by = []
    for one in elements(found["by"], name, "by") if "by" in found else ():
        person = text(one, name, "a signer")
        if known and person not in known:
            raise refused(one, name, f"there is no signer {person!r}", f"add {person}: to signers")
        by.append(person)
    if "by" in found and not by:
        raise refused(found["by"], name, "nobody may sign", "name a signer, or leave by out")
    count = text(found["signers"], name, "signers") if "signers" in found else "1"
    if count not in ("1", "2"):
        hint = "Git can prove two: who made a commit, and who merged it"
        raise refused(found["signers"], name, f"signers is {count}, not 1 or 2", hint)
    return SignedRule(paths, tuple(by), int(count))
