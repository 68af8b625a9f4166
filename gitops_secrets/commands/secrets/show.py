"""What an encrypted file says without a key, and, when asked, with one."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import NamedTuple

from gitops_secrets.adapters.keyring import Keyring
from gitops_secrets.commands.secrets.file import locate
from gitops_secrets.commands.secrets.sealing import Sealer
from gitops_secrets.core.repository.overlay import Overlay
from gitops_secrets.core.sops.manifest import Manifest
from gitops_secrets.core.sops.structure import SopsDocument
from gitops_secrets.errors import GitOpsSecretsError


class Request(NamedTuple):
    """What the command line says."""

    file: Path | None
    """None if *content* came through standard input."""
    content: bytes
    identity_file: Path | None


class Value(NamedTuple):
    """One value, described."""

    key: str
    size: int | None
    """Bytes of the value as it stands in the manifest, None if that is not known without a key."""
    state: str
    """encrypted, empty or readable."""


class Object(NamedTuple):
    """One document, described."""

    kind: str
    namespace: str
    name: str
    type: str
    values: tuple[Value, ...]
    readers: tuple[str, ...]
    """Age recipients, and other keys as KIND:IDENTIFICATION."""
    opened_by: str
    """The file of an identity at hand that opens it, empty if there is none."""
    sops: str
    lastmodified: str


def describe(request: Request) -> tuple[str, tuple[Object, ...]]:
    """Return the file's name and its objects, with no value. Raises GitOpsSecretsError if it is not YAML."""
    sealed, keyring = _read(request), Keyring(request.identity_file)
    return sealed.path, tuple(_describe(document, keyring) for document in sealed.documents)


def reveal(request: Request, key: str | None) -> bytes:
    """Return the readable manifest, or the one value *key*, decoded, its MAC checked.

    Raises GitOpsSecretsError if no identity at hand opens it, or there is no such key.
    """
    sealed = _read(request)
    plain = _opener(request).open_manifest(sealed).plain
    if key is None:
        return plain.content
    found = [
        (path, value)
        for secret in plain.secrets
        for path, value in secret.values.items()
        if key in (path[1], ".".join(map(str, path)))
    ]
    if len(found) != 1:
        raise GitOpsSecretsError(
            f"{sealed.path} has {len(found) or 'no'} value{'s' if found else ''} called {key}",
            f"gitops-secrets show {sealed.path}",
        )
    ((path, value),) = found
    return base64.b64decode(value) if path[0] == "data" else value.encode()


def _opener(request: Request) -> Sealer:
    nothing = Overlay((), lambda _: None)
    return Sealer(nothing, Keyring(request.identity_file))


def _read(request: Request) -> Manifest:
    if request.file is None:
        is_json = request.content.lstrip()[:1] == b"{"
        return Manifest(request.content, f"standard input.{'json' if is_json else 'yaml'}")
    return locate(request.file).read()


def _describe(document: SopsDocument, keyring: Keyring) -> Object:
    metadata = document.metadata
    found = [keyring.find(r) for r in (metadata.recipients if metadata else ())]
    return Object(
        kind=document.kind or "",
        namespace=document.namespace or "",
        name=document.name or "",
        type=document.object_type or "",
        values=tuple(
            Value(
                ".".join(map(str, v.path)),
                v.size,
                "encrypted" if v.encrypted else "empty" if v.empty else "readable",
            )
            for v in document.values
            if v.path and v.path[0] in ("data", "stringData")
        ),
        readers=tuple(
            k.identification if k.kind == "age" else f"{k.kind}:{k.identification}"
            for k in (metadata.keys if metadata else ())
        ),
        opened_by=next((str(f.file) for f in found if f is not None), ""),
        sops=(metadata.version or "") if metadata else "",
        lastmodified=(metadata.lastmodified or "") if metadata else "",
    )
