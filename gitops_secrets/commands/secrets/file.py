"""One file of encrypted Secrets: which rule it has, who opens it, and how it is written anew."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from gitops_secrets.adapters import age
from gitops_secrets.adapters.age import Identity
from gitops_secrets.adapters.files import check_inside, read_file
from gitops_secrets.adapters.git.repository import Repository, open_repository
from gitops_secrets.adapters.sops import program as sops
from gitops_secrets.adapters.writing.transaction import open_transaction
from gitops_secrets.commands.secrets.ruling import Ruling, ruling_by_recipients, ruling_by_rule
from gitops_secrets.core.repository.filechange import Change
from gitops_secrets.core.repository.layout import CONFIG
from gitops_secrets.core.sops.creationrules import ENCRYPTED_REGEX, choose_rule, parse_rules
from gitops_secrets.core.sops.manifest import read_secrets
from gitops_secrets.core.sops.pullsecret import MAX_ENCRYPTED_BYTES
from gitops_secrets.core.sops.structure import (
    MasterKey,
    check_encrypted,
    other_keys,
    read_documents,
    refuse_loss,
)
from gitops_secrets.core.sops.valuechanges import changes_between, is_same
from gitops_secrets.errors import GitOpsSecretsError, UsageError

_SUFFIXES = (".yaml", ".yml", ".json")


class SecretFile(NamedTuple):
    """A file by its path from the repository's top."""

    repository: Repository
    path: str

    def read(self) -> bytes:
        """Return its content. Raises GitOpsSecretsError where there is none."""
        content = read_file(self.repository.top, self.path)
        if content is None:
            raise GitOpsSecretsError(f"{self.path} is not there")
        return content

    def write(self, before: bytes | None, content: bytes) -> None:
        """Put *content* in place of *before*. Raises GitOpsSecretsError where that is no longer there."""
        with open_transaction(self.repository) as transaction:
            transaction.write([Change(self.path, before, content)])


def locate(file: Path) -> SecretFile:
    """Return *file*, there or not. Raises GitOpsSecretsError where it is in no Git work tree."""
    if file.is_dir():
        raise UsageError(f"{file} is a folder", "name the file: gitops-secrets show FILE")
    if file.suffix not in _SUFFIXES:
        raise UsageError(
            f"{file} does not end in {', '.join(_SUFFIXES)}, and Flux would not decrypt it",
            f"gitops-secrets encrypt {file} --to {file.with_suffix('.yaml')}, for a readable file",
        )
    folder = file.parent.resolve()
    there = next(f for f in (folder, *folder.parents) if f.is_dir())
    repository = open_repository(there)
    path = (folder / file.name).relative_to(repository.top.resolve()).as_posix()
    check_inside(repository.top, path)
    return SecretFile(repository, path)


def find_ruling(file: SecretFile, age_recipients: Sequence[str]) -> Ruling:
    """Return by what *file* is encrypted: the rule of ``.sops.yaml``, else *age_recipients*.

    Raises GitOpsSecretsError where there is neither, and where the rule does not fit what Flux decrypts.
    """
    sops.refuse_outranking()
    for recipient in age_recipients:
        age.check_recipient(recipient)
    config = read_file(file.repository.top, CONFIG)
    rule = choose_rule(parse_rules(config or b""), file.path)
    if rule is None or config is None:
        if not age_recipients:
            raise GitOpsSecretsError(
                f"no creation rule of {CONFIG} matches {file.path}",
                "name who may read it: --age-recipient age1...",
                f"or add a rule with path_regex, encrypted_regex: {ENCRYPTED_REGEX} and age",
            )
        return ruling_by_recipients(age_recipients)
    if age_recipients:
        raise UsageError(
            f"{CONFIG}:{rule.line}: the creation rule for {file.path} says who reads it, and "
            "--age-recipient would go past it",
            f"add the recipient to the rule in {CONFIG}",
        )
    return ruling_by_rule(config, rule, file.path)


def ruling_of(file: SecretFile, content: bytes) -> Ruling:
    """Return by what encrypted *content* is encrypted again: its rule, else whoever reads it now."""
    config = read_file(file.repository.top, CONFIG)
    if choose_rule(parse_rules(config or b""), file.path) is not None:
        return find_ruling(file, ())
    documents = read_documents(content, file.path)
    metadata = documents[0].metadata if documents else None
    return find_ruling(file, metadata.recipients if metadata is not None else ())


def identity_for(recipients: Sequence[str], named: Path | None) -> Identity | None:
    """Return an identity at hand of one of *recipients*, None where there is none."""
    found = (age.find_identity(recipient, named) for recipient in recipients)
    return next((f[0] for f in found if f is not None), None)


def opener(content: bytes, path: str, named: Path | None) -> list[bytes]:
    """Return the identity that opens encrypted *content*, as sops takes identities.

    It is empty where none is at hand, but a key manager that the user's settings allow opens it. Raises
    GitOpsSecretsError where there is neither.
    """
    documents = read_documents(content, path)
    metadata = documents[0].metadata if documents else None
    if metadata is None:
        raise GitOpsSecretsError(f"{path} is not encrypted", f"gitops-secrets encrypt {path}")
    identity = identity_for(metadata.recipients, named)
    if identity is not None:
        return [identity.secret]
    seen = sops.reduced(content, path)
    if seen.kept:
        return []
    if seen.dropped:
        raise sops.no_reader(path, seen.dropped)
    raise GitOpsSecretsError(
        f"no identity at hand opens {path}",
        "pass --age-identity-file with an identity of one of its recipients: "
        + ", ".join(metadata.recipients),
    )


def seal(file: SecretFile, ruling: Ruling, plain: bytes, named: Path | None) -> bytes:
    """Return the readable manifest *plain* encrypted anew and read back.

    Without an identity at hand its structure alone is read back. Raises GitOpsSecretsError where
    anything of it would stay readable, or does not read back as it was.
    """
    identity = identity_for(ruling.recipients, named)
    secrets = [identity.secret] if identity is not None else []
    with sops.encrypting(ruling.config, file.path, secrets) as encrypt:
        content, read = encrypt(plain)
    _check(file, ruling, content, plain, read)
    return content


def reseal(
    file: SecretFile,
    ruling: Ruling,
    old: bytes,
    before: bytes,
    after: bytes,
    identities: Sequence[bytes],
) -> bytes:
    """Return *old*, which is *before* encrypted, as *after*: with the fewest lines changed.

    An object with another name, namespace or type is encrypted anew in full: ciphertext that moves
    from one object to another is a finding. So is what sops cannot be told value by value. Raises
    GitOpsSecretsError where that would take away readers beside age's.
    """
    if (
        is_same(before, after, file.path)
        and (changes := changes_between(before, after, file.path)) == ()
    ):
        return old
    objects = [[s.identity for s in read_secrets(c, file.path)] for c in (before, after)]
    changes = changes_between(before, after, file.path)
    others = other_keys(old, file.path)
    if objects[0] == objects[1] and changes is not None and _fits(file, ruling, old, others):
        content = sops.change(old, file.path, changes, identities, ruling.config)
        read = sops.decrypt(content, file.path, identities)
        if is_same(read, after, file.path):
            _check(file, ruling, content, after, read, others)
            return content
    refuse_loss(file.path, others)
    return seal(file, ruling, after, None)


def _fits(file: SecretFile, ruling: Ruling, content: bytes, others: Sequence[MasterKey]) -> bool:
    try:
        check_encrypted(content, file.path, ruling.recipients, others)
    except GitOpsSecretsError:
        return False
    return True


def _check(
    file: SecretFile,
    ruling: Ruling,
    content: bytes,
    plain: bytes,
    read: bytes | None,
    others: Sequence[MasterKey] = (),
) -> None:
    check_encrypted(content, file.path, ruling.recipients, others)
    if len(content) > MAX_ENCRYPTED_BYTES:
        raise GitOpsSecretsError(
            f"{file.path} would be {len(content)} bytes, and Flux decrypts at most {MAX_ENCRYPTED_BYTES}",
            "one file for each Secret",
        )
    if read is not None and not is_same(read, plain, file.path):
        raise GitOpsSecretsError(
            f"{file.path} does not read back as it was given, and nothing was written",
            "quote its values: what one YAML reader takes for a number, another takes for text",
        )
