"""A readable manifest in, an encrypted one out, by the repository's rules."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from gitops_secrets.adapters.files import read_file
from gitops_secrets.adapters.sops import program as sops
from gitops_secrets.adapters.writing.transaction import clear_up
from gitops_secrets.commands.secrets.file import (
    SecretFile,
    find_ruling,
    identity_for,
    locate,
    opener,
    reseal,
    ruling_of,
    seal,
)
from gitops_secrets.commands.secrets.ruling import Ruling
from gitops_secrets.core.sops.manifest import (
    Identity,
    Secret,
    blank_readable,
    drop_metadata,
    fill,
    has_ciphertext,
    is_empty_shell,
    read_secrets,
)
from gitops_secrets.core.sops.structure import (
    check_encrypted,
    other_keys,
    read_documents,
    refuse_loss,
)
from gitops_secrets.errors import GitOpsSecretsError, UsageError


class Request(NamedTuple):
    """What the command line says."""

    source: Path | None
    """The file that is readable; None where *content* came through standard input."""
    content: bytes
    """What standard input held. Never in a repr."""
    target: Path | None
    """Where the encrypted file goes; None for in place."""
    age_recipients: tuple[str, ...]
    identity_file: Path | None
    ignore_mac: bool

    def __repr__(self) -> str:
        return f"Request({self.source!r}, ..., {self.target!r})"


class Outcome(NamedTuple):
    """What became of the file."""

    path: str
    objects: tuple[str, ...]
    keys: tuple[str, ...]
    recipients: tuple[str, ...]
    changed: bool
    notes: tuple[str, ...]


def encrypt(request: Request) -> Outcome:
    """Encrypt a manifest of Secrets. Idempotent: only changed values are encrypted anew.

    Raises UsageError or GitOpsSecretsError where anything of it would stay readable; then nothing is
    written.
    """
    target = request.target or request.source
    if target is None:
        raise UsageError("standard input needs a place to go", "--to PATH")
    file = locate(target)
    recovered = clear_up(file.repository)
    outcome = _encrypt(request, file)
    return outcome._replace(notes=(recovered, *outcome.notes)) if recovered else outcome


def _encrypt(request: Request, file: SecretFile) -> Outcome:
    if request.source is not None and request.target is None:
        content = file.read()
        if request.age_recipients:
            return _in_place(request, file, find_ruling(file, request.age_recipients), content)
        return _in_place(request, file, ruling_of(file, content), content)
    ruling = find_ruling(file, request.age_recipients)
    content = request.content if request.source is None else _read_source(request.source)
    if has_ciphertext(content, str(request.source or "standard input")):
        raise GitOpsSecretsError("what is given is encrypted already, in full or in part")
    before = read_file(file.repository.top, file.path)
    secrets = read_secrets(content, file.path)
    if before is None:
        sealed = seal(file, ruling, content, request.identity_file)
    else:
        sealed = _replace(request, file, ruling, before, content, secrets)
    left = (
        () if request.source is None else (f"{request.source} stays readable: rm {request.source}",)
    )
    return _finish(file, ruling, before, sealed, secrets, left)


def _in_place(request: Request, file: SecretFile, ruling: Ruling, content: bytes) -> Outcome:
    notes: tuple[str, ...] = ()
    if not has_ciphertext(content, file.path):
        secrets = read_secrets(content, file.path)
        sealed = seal(file, ruling, content, request.identity_file)
        notes = _seen_by_git(file, content)
    elif is_empty_shell(content, file.path):
        # A sops block above values of which none is encrypted says nothing about them.
        plain = drop_metadata(content, file.path)
        secrets = read_secrets(plain, file.path)
        sealed = seal(file, ruling, plain, request.identity_file)
        notes = _seen_by_git(file, content)
    else:
        sealed, secrets = _mend(request, file, ruling, content)
    return _finish(file, ruling, content, sealed, secrets, notes)


def _mend(
    request: Request, file: SecretFile, ruling: Ruling, content: bytes
) -> tuple[bytes, tuple[Secret, ...]]:
    """Return encrypted *content* with what is readable in it encrypted too."""
    path = file.path
    blanked, readable = blank_readable(content, path)
    if not readable and identity_for(ruling.recipients, request.identity_file) is None:
        check_encrypted(content, path, ruling.recipients)
        return content, _bare_secrets(content, path)
    identities = opener(content, path, request.identity_file)
    try:
        plain = sops.decrypt(blanked, path, identities, ignore_mac=request.ignore_mac)
    except sops.TamperedError:
        raise sops.TamperedError(
            f"{path}: its MAC does not fit: more was changed since sops wrote it than values added",
            f"git diff HEAD -- {path}",
            f"where all of that is meant: gitops-secrets encrypt --ignore-mac {path}",
        ) from None
    wanted = fill(plain, path, readable)
    secrets = read_secrets(wanted, path)
    if request.ignore_mac:
        refuse_loss(path, other_keys(content, path))
        return seal(file, ruling, wanted, request.identity_file), secrets
    if not readable:
        check_encrypted(content, path, ruling.recipients)
        return content, secrets
    return reseal(file, ruling, blanked, plain, wanted, identities), secrets


def _replace(
    request: Request,
    file: SecretFile,
    ruling: Ruling,
    before: bytes,
    content: bytes,
    secrets: tuple[Secret, ...],
) -> bytes:
    """Return what takes the place of the encrypted file *before*, with the fewest lines changed."""
    if not has_ciphertext(before, file.path):
        raise GitOpsSecretsError(
            f"{file.path} is there and readable, and nothing is written over it",
            f"gitops-secrets encrypt {file.path}",
        )
    theirs = [
        _object(d.namespace, d.name, d.object_type) for d in read_documents(before, file.path)
    ]
    if theirs != [s.identity for s in secrets]:
        raise GitOpsSecretsError(
            f"{file.path} holds {', '.join(map(str, theirs))}, not what is given",
            "give --to another path, or move that file away: git rm --cached " + file.path,
        )
    identities = opener(before, file.path, request.identity_file)
    old = sops.decrypt(before, file.path, identities)
    return reseal(file, ruling, before, old, content, identities)


def _object(namespace: str | None, name: str | None, kind: str | None) -> Identity:
    return Identity(namespace or "", name or "", kind or "Opaque")


def _bare_secrets(content: bytes, path: str) -> tuple[Secret, ...]:
    """Return the Secrets of encrypted *content*, by what stands readable in it."""
    return tuple(
        Secret(
            _object(d.namespace, d.name, d.object_type),
            {v.path: "" for v in d.values if v.path[0] in ("data", "stringData")},
            substitutes=False,
        )
        for d in read_documents(content, path)
    )


def _read_source(source: Path) -> bytes:
    try:
        return source.read_bytes()
    except OSError as error:
        raise GitOpsSecretsError(f"{source} cannot be read: {error.strerror}") from None


def _seen_by_git(file: SecretFile, content: bytes) -> tuple[str, ...]:
    """Return what to do about a Git that has already seen *content* readable."""
    revision, held = file.repository.contents("HEAD", [file.path])
    if held[file.path] is not None and not _is_encrypted(held[file.path] or b"", file.path):
        where = f"commit {revision[:10]}"
        return (
            f"{where} holds it readable for good: change the credential itself; git add {file.path}",
        )
    staged = file.repository.git("cat-file", "blob", f":{file.path}")
    if staged.status == 0 and staged.stdout == content:
        return (f"the index holds it readable: git add {file.path}",)
    return ()


def _is_encrypted(content: bytes, path: str) -> bool:
    try:
        return has_ciphertext(content, path)
    except GitOpsSecretsError:
        return False


def _warnings(secrets: tuple[Secret, ...]) -> tuple[str, ...]:
    return tuple(
        f"{secret.identity}: {'.'.join(map(str, path))} holds ${{, which Flux's post-build substitution "
        "would replace; annotate it: kustomize.toolkit.fluxcd.io/substitute: disabled"
        for secret in secrets
        for path, value in secret.values.items()
        if secret.substitutes and path[0] == "stringData" and "${" in value
    )


def _finish(
    file: SecretFile,
    ruling: Ruling,
    before: bytes | None,
    sealed: bytes,
    secrets: tuple[Secret, ...],
    notes: tuple[str, ...],
) -> Outcome:
    """Write *sealed* in place of *before*, and say so."""
    if sealed != before:
        file.write(before, sealed)
    return Outcome(
        path=file.path,
        objects=tuple(str(s.identity) for s in secrets),
        keys=tuple(".".join(map(str, path)) for s in secrets for path in s.values),
        recipients=ruling.recipients,
        changed=sealed != before,
        notes=(*notes, *_warnings(secrets)),
    )
