"""A conflict in an encrypted file, resolved by key: whose value counts."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import NamedTuple

from gitops_secrets.adapters.git.repository import literal, words
from gitops_secrets.adapters.keyring import Keyring
from gitops_secrets.adapters.writing.step import StepError
from gitops_secrets.adapters.writing.transaction import cleared_up
from gitops_secrets.commands.merging.conflict import Conflict, find_conflict
from gitops_secrets.commands.merging.merge import Result, Told, are_alike, merge
from gitops_secrets.commands.merging.record import Record
from gitops_secrets.commands.merging.trusting import named_readers
from gitops_secrets.commands.secrets.file import SecretFile, locate
from gitops_secrets.core.sops.merging.markers import split_markers
from gitops_secrets.core.sops.merging.values import Side
from gitops_secrets.core.sops.merging.ways import Trust
from gitops_secrets.errors import GitOpsSecretsError, UsageError


class Request(NamedTuple):
    """What the command line says."""

    file: Path
    keys: tuple[str, ...]
    """As FIELD.KEY; all that are left if there is none."""
    side: Side | None
    """Whose values count; None to see which keys are in conflict."""
    edit: Callable[[], object] | None = None
    """Has a person change the file, once no other key is left. Raises GitOpsSecretsError if it stays as it was."""
    identity_file: Path | None = None


class Outcome(NamedTuple):
    """What is left of the conflict."""

    path: str
    conflicts: tuple[str, ...]
    """The keys of which nobody chose a side yet."""
    chosen: Mapping[str, Side]
    staged: bool
    """Whether the file is resolved in the index too."""
    told: Told = Told()
    recovered: str | None = None


def resolve(request: Request) -> Outcome:
    """Choose a side for keys that both sides changed. Once none is left, the file is written and staged.

    Raises UsageError for a key that is not in conflict, and GitOpsSecretsError if there is no conflict, a side
    cannot be opened, or the file was changed since the merge; then nothing changed. If the editor fails, the file is written and not staged, and the
    conflict is as it was.
    """
    file = locate(request.file)
    with cleared_up(file.repository) as recovered:
        outcome = _resolve(request, file)
    return outcome._replace(recovered=recovered)


def _resolve(request: Request, file: SecretFile) -> Outcome:
    conflict = find_conflict(file)
    keyring = Keyring(request.identity_file)
    record = Record(file.repository.git_dir, file.path, conflict.ids)
    chosen = dict(record.read())
    result = _merge(conflict, file, keyring, chosen)
    _refuse_strange(request, file.path, (*result.conflicts, *chosen), result.conflicts)
    if request.side is not None:
        chosen |= dict.fromkeys(request.keys or result.conflicts, request.side)
        result = _merge(conflict, file, keyring, chosen)
    if result.conflicts:
        if request.side is not None:
            _refuse_part(request, file.path, conflict, result.conflicts)
            record.write(chosen)
        return Outcome(file.path, result.conflicts, chosen, staged=False)
    _refuse_changed(file, conflict, keyring)
    file.tree.write(file.path, result.content)
    stage = partial(_stage, file) if conflict.ids else None
    if request.edit is None:
        file.write(stage)
    else:
        file.write()
        request.edit()
        if stage is not None:
            _stage_edited(stage)
    record.forget()
    return Outcome(
        file.path,
        (),
        chosen,
        bool(conflict.ids),
        told=result.told,
    )


def _merge(
    conflict: Conflict, file: SecretFile, keyring: Keyring, chosen: Mapping[str, Side]
) -> Result:
    trust = Trust(lambda: named_readers(file.repository, file.path), lambda: conflict.knows_ours)
    try:
        return merge(conflict.versions, file.path, keyring, trust, chosen)
    except GitOpsSecretsError as error:
        if conflict.in_index:
            raise
        # Git checks out a side of what it has as unmerged alone.
        hints = (hint for hint in error.hints if not hint.startswith("git checkout"))
        raise GitOpsSecretsError(error.message, *hints) from None


def _refuse_changed(file: SecretFile, conflict: Conflict, keyring: Keyring) -> None:
    """Raise GitOpsSecretsError if somebody changed the file since Git left it: what was written would be lost."""
    held = file.tree.read(file.path) or b""
    sides = (conflict.versions.ours, conflict.versions.theirs)
    if not conflict.in_index or held in (b"", *sides) or split_markers(held) is not None:
        return
    left = _merge(conflict, file, keyring, {}).content
    if not are_alike(held, left, file.path, keyring):
        name = shlex.quote(literal(file.path))
        raise GitOpsSecretsError(
            f"{file.path} was changed since the merge, and resolve would overwrite that: stage it as it is, or "
            "take our version and resolve it",
            f"git add -- {name}",
            f"git checkout --ours -- {name}",
        )


def _refuse_strange(
    request: Request, path: str, known: tuple[str, ...], left: tuple[str, ...]
) -> None:
    strange = [key for key in request.keys if key not in known]
    if strange:
        raise UsageError(
            f"{path}: {strange[0]} is not in conflict", *_hints(request, left[:3], "--ours")
        )


def _refuse_part(request: Request, path: str, conflict: Conflict, left: tuple[str, ...]) -> None:
    """Raise UsageError if not all keys were chosen, and that cannot be remembered or an editor is to open."""
    if request.edit is not None:
        raise UsageError(
            f"{path}: the editor opens once no other key is in conflict, and {left[0]} is",
            *_hints(request, left[:1], "--ours"),
        )
    if not conflict.ids:
        raise UsageError(
            f"{path}: only its markers tell of the conflict: choose a side for all keys at once",
            *_hints(request, ("",), f"--{request.side}"),
        )


def _hints(request: Request, keys: tuple[str, ...], side: str) -> list[str]:
    given = str(request.file)
    file = shlex.quote(f"./{given}" if given.startswith("-") else given)
    return [
        " ".join(
            filter(None, ("gitops-secrets resolve", file, shlex.quote(key) if key else "", side))
        )
        for key in keys
    ]


def _stage(file: SecretFile) -> None:
    """Have the index take the file as it is."""
    done = file.repository.git("add", "--", literal(file.path))
    if done.status:
        raise StepError(
            lambda so: f"git add {file.path} failed, and {so}: {words(done)}",
            "git status",
        )


def _stage_edited(stage: Callable[[], None]) -> None:
    try:
        stage()
    except StepError as error:
        so = "the file has what you chose and edited, and is in conflict in the index"
        raise GitOpsSecretsError(error.tell(so), *error.hints) from None
