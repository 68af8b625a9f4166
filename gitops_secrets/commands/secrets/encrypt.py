"""A readable manifest in, an encrypted one out, by the repository's rules."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from gitops_secrets.adapters.keyring import Keyring
from gitops_secrets.adapters.sops.failures import TamperedError
from gitops_secrets.adapters.writing.transaction import cleared_up
from gitops_secrets.commands.repository.worktree import listed_tree
from gitops_secrets.commands.secrets.file import SecretFile, locate
from gitops_secrets.commands.secrets.readable import seen_by_git
from gitops_secrets.commands.secrets.ruling import find_ruling, ruling_of
from gitops_secrets.commands.secrets.sealing import Sealer
from gitops_secrets.commands.secrets.smallest import lessen
from gitops_secrets.core.repository.layout import CONFIG
from gitops_secrets.core.sops.keys.recipients import shorten
from gitops_secrets.core.sops.manifest import Manifest
from gitops_secrets.core.sops.refusals import refuse_loss
from gitops_secrets.core.sops.rules.creation import choose_rule, parse_rules, recorded_recipients
from gitops_secrets.core.sops.rules.edits import add_path_rule
from gitops_secrets.core.sops.rules.startconfig import Ruling
from gitops_secrets.core.sops.secrets import ROOTS, Secret, SecretId
from gitops_secrets.core.sops.secrettypes import no_pull_type
from gitops_secrets.core.yamltext.nodes import Path as ValuePath
from gitops_secrets.errors import GitOpsSecretsError, UsageError

_MAC_ONLY = (
    "mac_only_encrypted in its creation rule leaves the readable fields out of the MAC: nobody can tell "
    "whether they were changed"
)


class Request(NamedTuple):
    """What the command line says."""

    source: Path | None
    """The file that is readable; None if *content* came through standard input."""
    content: bytes
    """What standard input held. Never in a repr."""
    target: Path | None
    """Where the encrypted file goes; None for in place."""
    age_recipients: tuple[str, ...]
    identity_file: Path | None
    ignore_mac: bool
    add_rule: bool = False
    """Whether a file that no creation rule is for gets one."""
    smallest_diff: bool = False
    """Whether what another editor encrypted anew without need is as in HEAD again."""

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


class _Sealed(NamedTuple):
    """What the file holds: which Secrets and values, not what the values are."""

    idents: tuple[SecretId, ...]
    places: tuple[ValuePath, ...]
    warnings: tuple[str, ...] = ()


def encrypt(request: Request) -> Outcome:
    """Encrypt a manifest of Secrets. Idempotent: only changed values are encrypted anew.

    Raises UsageError or GitOpsSecretsError if anything of it would stay readable; then nothing is
    written.
    """
    target = request.target or request.source
    if request.smallest_diff and (request.target is not None or request.source is None):
        raise UsageError("--smallest-diff is for an encrypted file in its place, not for --to")
    if request.smallest_diff and (request.ignore_mac or request.age_recipients or request.add_rule):
        raise UsageError(
            "--smallest-diff goes with none of --ignore-mac, --add-rule and --age-recipient"
        )
    if target is None:
        raise UsageError("standard input needs a place to go", "gitops-secrets encrypt - --to PATH")
    file = locate(target)
    with cleared_up(file.repository) as recovered:
        outcome = _encrypt(request, file)
    notes = (recovered,) if recovered else ()
    return outcome._replace(notes=(*notes, *outcome.notes))


def _encrypt(request: Request, file: SecretFile) -> Outcome:
    if request.target is None:
        file.read()
    added = _add_rule(request, file)
    with Sealer(file.tree, Keyring(request.identity_file)) as sealer:
        if request.source is not None and request.target is None:
            sealed, ruling, notes = _in_place(request, file, sealer)
        else:
            sealed, ruling, notes = _to_target(request, file, sealer)
    changed = file.write()
    return Outcome(
        path=file.path,
        objects=tuple(map(str, sealed.idents)),
        keys=tuple(".".join(map(str, path)) for path in sealed.places),
        recipients=ruling.recipients,
        changed=changed,
        notes=(
            *added,
            *notes,
            *(_unread(file, ruling) if request.age_recipients else ()),
            *([_MAC_ONLY] if ruling.mac_only else []),
            *sealed.warnings,
        ),
    )


def _unread(file: SecretFile, ruling: Ruling) -> tuple[str, ...]:
    """Return what to say if none of the clusters that ``.sops.yaml`` records can decrypt the file."""
    recorded = recorded_recipients(parse_rules(file.tree.read(CONFIG) or b""))
    if not recorded or any(r.value in ruling.recipients for r in recorded.values()):
        return ()
    names = " or ".join(sorted(recorded))
    return (f"Flux cannot decrypt {file.path}: no recipient of {names} is among its readers",)


def _add_rule(request: Request, file: SecretFile) -> tuple[str, ...]:
    """Plan a creation rule for *file*, if that is asked for and it has none; return what to say about it."""
    config = file.tree.read(CONFIG)
    if not request.add_rule or choose_rule(parse_rules(config or b""), file.path) is not None:
        return ()
    if request.age_recipients:
        raise UsageError(
            "--add-rule takes the recipients of the clusters, and --age-recipient names others",
            "leave one of the two out",
        )
    from gitops_secrets.core.wiring.fileruling import rule_for_file

    rule = rule_for_file(listed_tree(file.repository), file.path)
    file.tree.write(CONFIG, add_path_rule(config, rule.path_regex, rule.recipients))
    whose = ", ".join(r.cluster or shorten(r.value) for r in rule.recipients)
    return (f"{CONFIG} has a rule now for {rule.path_regex}, read by {whose}", *rule.notes)


def _to_target(
    request: Request, file: SecretFile, sealer: Sealer
) -> tuple[_Sealed, Ruling, tuple[str, ...]]:
    """Plan what is given readable, for another file: new, or in place of what that one holds."""
    ruling = find_ruling(file.tree, file.path, request.age_recipients)
    content = request.content if request.source is None else _read_source(request.source)
    given = Manifest(content, str(request.source or "standard input"))
    if given.has_ciphertext:
        raise GitOpsSecretsError("what is given is encrypted already, in full or in part")
    wanted = Manifest(content, file.path)
    secrets = wanted.secrets
    if file.tree.read(file.path) is None:
        sealer.seal(wanted, ruling)
    else:
        before = file.read()
        _refuse_other(before, wanted)
        sealer.reseal(sealer.open_manifest(before), wanted, ruling)
    left = (
        () if request.source is None else (f"{request.source} stays readable: rm {request.source}",)
    )
    return _described(secrets), ruling, left


def _refuse_other(before: Manifest, wanted: Manifest) -> None:
    """Raise GitOpsSecretsError unless *before* is encrypted and holds the Secrets that *wanted* does."""
    path = before.path
    if not before.has_ciphertext:
        raise GitOpsSecretsError(
            f"{path} is there and readable, and nothing is written over it",
            f"gitops-secrets encrypt {path}",
        )
    if before.idents != tuple(secret.ident for secret in wanted.secrets):
        raise GitOpsSecretsError(
            f"{path} holds {', '.join(map(str, before.idents))}, not what is given",
            "--to PATH",
        )


def _in_place(
    request: Request, file: SecretFile, sealer: Sealer
) -> tuple[_Sealed, Ruling, tuple[str, ...]]:
    """Plan the file itself: all of it, or what of it is readable."""
    held = file.read()
    if request.age_recipients:
        ruling = find_ruling(file.tree, file.path, request.age_recipients)
    else:
        ruling = ruling_of(file.tree, held)
    if request.smallest_diff:
        lessened = lessen(file, held, sealer, ruling)
        return _described(lessened.plain.secrets), ruling, (lessened.note,)
    if held.has_ciphertext and not held.is_empty_shell:
        return _complete(request, held, sealer, ruling), ruling, ()
    # A sops block above values of which none is encrypted says nothing about them.
    plain = held.without_metadata() if held.has_ciphertext else held
    secrets = plain.secrets
    sealer.seal(plain, ruling)
    return _described(secrets), ruling, seen_by_git(file, held)


def _complete(request: Request, held: Manifest, sealer: Sealer, ruling: Ruling) -> _Sealed:
    """Plan the encrypted file *held* with what is readable in it encrypted too."""
    path = held.path
    blanked, readable = held.blank_readable()
    if not readable and not sealer.can_read(ruling):
        held.check_encrypted(ruling.recipients, (), mac_only=ruling.mac_only)
        return _bare(held)
    try:
        opened = sealer.open_manifest(blanked, ignore_mac=request.ignore_mac)
    except TamperedError:
        raise TamperedError(
            f"{path}: its MAC does not fit: more was changed since sops wrote it than values added",
            f"git diff HEAD -- {path}",
            f"if all of that is meant: gitops-secrets encrypt --ignore-mac {path}",
        ) from None
    wanted = opened.plain.fill(readable)
    secrets = wanted.secrets
    if request.ignore_mac:
        refuse_loss(path, held.other_keys)
        sealer.seal(wanted, ruling)
    elif readable:
        sealer.reseal(opened, wanted, ruling)
    elif set(ruling.recipients) != set(held.recipients):
        sealer.reseal(opened, wanted, ruling, renew=True)
    else:
        held.check_encrypted(ruling.recipients, (), mac_only=ruling.mac_only)
    return _described(secrets)


def _described(secrets: Sequence[Secret]) -> _Sealed:
    return _Sealed(
        tuple(secret.ident for secret in secrets),
        tuple(path for secret in secrets for path in secret.values),
        _warnings(secrets),
    )


def _bare(held: Manifest) -> _Sealed:
    """Return what stands readable in an encrypted file that nobody here can open."""
    values = [v for d in held.documents for v in d.values if v.path[0] in ROOTS]
    return _Sealed(held.idents, tuple(value.path for value in values))


def _read_source(source: Path) -> bytes:
    try:
        return source.read_bytes()
    except OSError as error:
        raise GitOpsSecretsError(f"{source} cannot be read: {error.strerror}") from None


def _warnings(secrets: Sequence[Secret]) -> tuple[str, ...]:
    untyped = (
        f"{secret.ident}: its type is {secret.ident.type}, and nothing pulls with it: the kubelet and Flux take "
        f"type: {needed}"
        for secret in secrets
        if (needed := no_pull_type(secret.ident.type, [str(key) for _, key in secret.values]))
    )
    substituted = (
        f"{secret.ident}: {'.'.join(map(str, path))} holds ${{, which Flux's post-build substitution "
        "would replace; annotate it: kustomize.toolkit.fluxcd.io/substitute: disabled"
        for secret in secrets
        for path, value in secret.values.items()
        if secret.substitutes and path[0] == "stringData" and "${" in value
    )
    return (*untyped, *substituted)
