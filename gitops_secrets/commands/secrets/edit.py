"""One encrypted Secret changed by a person: in an editor, or one value by a prompt."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from gitops_secrets.adapters import editor
from gitops_secrets.adapters.keyring import Keyring
from gitops_secrets.adapters.memory import editing_folder
from gitops_secrets.adapters.writing.transaction import cleared_up
from gitops_secrets.commands.secrets.file import locate
from gitops_secrets.commands.secrets.ruling import ruling_of
from gitops_secrets.commands.secrets.sealing import Sealer
from gitops_secrets.core.sops.editview import from_view, to_view
from gitops_secrets.core.sops.manifest import Manifest
from gitops_secrets.core.sops.secrets import Secret
from gitops_secrets.errors import GitOpsSecretsError


class Request(NamedTuple):
    """What the command line says."""

    file: Path
    key: str | None
    """The one value to change; None for all of it in an editor."""
    read_value: Callable[[], bytes]
    """Asks for the new value of *key*."""
    again: Callable[[str], bool]
    """Is told what is wrong with the text, and says whether the person wants to fix it."""
    warn: Callable[[str], None]
    """Is told what cannot be promised, before the editor starts."""
    identity_file: Path | None


class Outcome(NamedTuple):
    """What became of the file."""

    path: str
    objects: tuple[str, ...]
    keys: tuple[str, ...]
    """What was set or taken away, as FIELD.KEY."""
    changed: bool


def edit(request: Request) -> Outcome:
    """Change an encrypted file; only what changed is encrypted anew.

    Raises GitOpsSecretsError if it cannot be opened, or would not fit Kubernetes or its rule; then it
    is as it was.
    """
    file = locate(request.file)
    with cleared_up(file.repository) as recovered:
        if recovered:
            request.warn(recovered)
    sealed = file.read()
    with Sealer(file.tree, Keyring(request.identity_file)) as sealer:
        sealer.identities(sealed)
        ruling = ruling_of(file.tree, sealed)
        opened = sealer.open_manifest(sealed)
        plain = opened.plain
        if request.key is None:
            wanted = _edited(request, plain)
        else:
            wanted = plain.with_value(request.key, request.read_value())
        secrets = wanted.secrets
        sealer.reseal(opened, wanted, ruling)
        keys = _changed_keys(_secrets_of(plain), secrets)
    changed = file.write()
    return Outcome(
        path=file.path,
        objects=tuple(str(secret.ident) for secret in secrets),
        keys=keys,
        changed=changed,
    )


def _secrets_of(plain: Manifest) -> tuple[Secret, ...]:
    """Return the Secrets that *plain* held before; none if it held no value, as nobody may encrypt it like that."""
    try:
        return plain.secrets
    except GitOpsSecretsError:
        return ()


def _edited(request: Request, plain: Manifest) -> Manifest:
    """Return what the person made of *plain* in the editor."""
    program = editor.choose_editor()
    view = to_view(plain)
    with editing_folder() as folder:
        for warning in _warnings(program, in_memory=folder.in_memory):
            request.warn(warning)
        text = folder.path / Path(plain.path).name
        descriptor = os.open(text, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(view)
        while True:
            editor.edit(program, text)
            for name in editor.left_behind(folder.path, [text]):
                request.warn(f"{program.name} wrote {name} beside it; it is removed with the rest")
            edited = text.read_bytes()
            if edited == view:
                return plain
            try:
                wanted = from_view(edited, plain.path)
                _ = wanted.secrets
            except GitOpsSecretsError as error:
                if request.again(error.message):
                    continue
                raise
            return wanted


def _warnings(program: editor.Editor, *, in_memory: bool) -> Iterator[str]:
    if not program.is_known:
        yield (
            f"{program.name} is not known here: it may leave backups, history or undo files of what you see; "
            "vim, nvim, nano and emacs are told not to"
        )
    if not in_memory:
        yield "no storage in memory here: the text is in a private folder on disk until the editor ends"


def _changed_keys(before: tuple[Secret, ...], after: tuple[Secret, ...]) -> tuple[str, ...]:
    old, new = (
        {(i, p): v for i, secret in enumerate(secrets) for p, v in secret.values.items()}
        for secrets in (before, after)
    )
    differing = [place for place in {**old, **new} if old.get(place) != new.get(place)]
    return tuple(".".join(map(str, path)) for _, path in differing)
