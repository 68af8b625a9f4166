"""What an encrypted file says without a key, and, when asked, with one."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import NamedTuple

from gitops_secrets.adapters import age
from gitops_secrets.adapters.sops import program as sops
from gitops_secrets.commands.secrets.file import locate, opener
from gitops_secrets.core.sops.manifest import read_secrets
from gitops_secrets.core.sops.structure import SopsDocument, read_documents
from gitops_secrets.errors import GitOpsSecretsError


class Request(NamedTuple):
    """What the command line says."""

    file: Path | None
    """None where *content* came through standard input."""
    content: bytes
    identity_file: Path | None


class Value(NamedTuple):
    """One value, described."""

    key: str
    size: int | None
    """Bytes of the value as it stands in the manifest, None where that is not known without a key."""
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
    """The file of an identity at hand that opens it, empty where there is none."""
    sops: str
    lastmodified: str


def describe(request: Request) -> tuple[str, tuple[Object, ...]]:
    """Return the file's name and its objects, with no value. Raises GitOpsSecretsError for what is no YAML."""
    name, content = _content(request)
    return name, tuple(_describe(d, request.identity_file) for d in read_documents(content, name))


def reveal(request: Request, key: str | None) -> bytes:
    """Return the readable manifest, or the one value *key*, decoded, its MAC checked.

    Raises GitOpsSecretsError where no identity at hand opens it, or there is no such key.
    """
    name, content = _content(request)
    plain = sops.decrypt(content, name, opener(content, name, request.identity_file))
    if key is None:
        return plain
    found = [
        (path, value)
        for secret in read_secrets(plain, name)
        for path, value in secret.values.items()
        if key in (path[1], ".".join(map(str, path)))
    ]
    if len(found) != 1:
        raise GitOpsSecretsError(
            f"{name} has {len(found) or 'no'} value{'s' if found else ''} called {key}",
            f"gitops-secrets show {name}",
        )
    ((path, value),) = found
    return base64.b64decode(value) if path[0] == "data" else value.encode()


def _content(request: Request) -> tuple[str, bytes]:
    if request.file is None:
        is_json = request.content.lstrip()[:1] == b"{"
        return f"standard input.{'json' if is_json else 'yaml'}", request.content
    file = locate(request.file)
    return file.path, file.read()


def _describe(document: SopsDocument, named: Path | None) -> Object:
    metadata = document.metadata
    found = [age.find_identity(r, named) for r in (metadata.recipients if metadata else ())]
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
        opened_by=next((str(f[1]) for f in found if f is not None), ""),
        sops=(metadata.version or "") if metadata else "",
        lastmodified=(metadata.lastmodified or "") if metadata else "",
    )
