"""A conflict in an encrypted file, resolved by key: whose value counts."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from gitops_secrets.adapters.files import replace_file
from gitops_secrets.adapters.git.repository import Repository, literal, words
from gitops_secrets.adapters.keyring import Keyring
from gitops_secrets.adapters.writing.transaction import clear_up
from gitops_secrets.commands.merging.merge import Versions, is_encrypted, merge
from gitops_secrets.commands.merging.trusting import named_readers
from gitops_secrets.commands.secrets.file import SecretFile, locate
from gitops_secrets.core.sops.merging.markers import split_markers
from gitops_secrets.core.sops.merging.values import Side
from gitops_secrets.core.sops.merging.ways import Trust
from gitops_secrets.errors import GitOpsSecretsError, UsageError

_RECORD = "gitops-secrets-resolve.json"
"""In the Git folder: which keys were chosen so far, by file. It holds no value."""


class Request(NamedTuple):
    """What the command line says."""

    file: Path
    keys: tuple[str, ...]
    """As FIELD.KEY; all that are left if there is none."""
    side: Side | None
    """Whose values count; None to see which keys are in conflict."""
    identity_file: Path | None = None


class Outcome(NamedTuple):
    """What is left of the conflict."""

    path: str
    conflicts: tuple[str, ...]
    """The keys of which nobody chose a side yet."""
    chosen: Mapping[str, Side]
    staged: bool
    """Whether the file is resolved in the index too."""
    recovered: str | None = None


class _Conflict(NamedTuple):
    versions: Versions
    ids: tuple[str, ...]
    """What the index has of it; nothing if only its markers tell of it."""


def resolve(request: Request) -> Outcome:
    """Choose a side for keys that both sides changed. Once none is left, the file is written and staged.

    Raises UsageError for a key that is not in conflict, and GitOpsSecretsError if there is no conflict or a side
    cannot be opened; then nothing changed.
    """
    file = locate(request.file)
    recovered = clear_up(file.repository) if request.side is not None else None
    conflict = _conflict(file)
    keyring = Keyring(request.identity_file)
    record = _Record(file.repository, file.path, conflict.ids)
    chosen = dict(record.read())
    trust = Trust(lambda: named_readers(file.repository, file.path), bool(conflict.ids))
    left = merge(conflict.versions, file.path, keyring, trust, chosen).conflicts
    strange = [key for key in request.keys if key not in (*left, *chosen)]
    if strange:
        raise UsageError(
            f"{file.path}: {strange[0]} is not in conflict",
            *(f"gitops-secrets resolve {request.file} {key} --ours" for key in left[:3]),
        )
    if request.side is None:
        return Outcome(file.path, left, chosen, staged=False)
    chosen |= dict.fromkeys(request.keys or left, request.side)
    result = merge(conflict.versions, file.path, keyring, trust, chosen)
    if result.conflicts:
        record.write(chosen)
        return Outcome(file.path, result.conflicts, chosen, staged=False, recovered=recovered)
    file.tree.write(file.path, result.content)
    file.write()
    if conflict.ids:
        stage(file)
    record.forget()
    return Outcome(file.path, (), chosen, staged=bool(conflict.ids), recovered=recovered)


def stage(file: SecretFile) -> None:
    """Have the index take the file as it is."""
    done = file.repository.git("add", "--", literal(file.path))
    if done.status:
        raise GitOpsSecretsError(f"git add {file.path}: {words(done)}")


def _conflict(file: SecretFile) -> _Conflict:
    """Return what is in conflict: as the index has it, else by the markers in the file."""
    listed = file.repository.ask("ls-files", "--unmerged", "-z", "--", literal(file.path))
    stages = {}
    for entry in listed.decode("utf-8", "surrogateescape").split("\0"):
        if entry:
            _, blob, stage_number = entry.partition("\t")[0].split(" ")
            stages[stage_number] = blob
    if stages:
        if not {"2", "3"} <= stages.keys():
            side = Side.OURS if "2" in stages else Side.THEIRS
            raise GitOpsSecretsError(
                f"{file.path}: one side removed it, and only {side} has it",
                f"git add -- {file.path}",
                f"git rm -- {file.path}",
            )
        contents = file.repository.blobs(list(dict.fromkeys(stages.values())))
        base, ours, theirs = (contents.get(stages.get(number, ""), b"") for number in "123")
        versions = Versions(base if is_encrypted(base, file.path) else b"", ours, theirs)
    else:
        content = file.tree.read(file.path) or b""
        sides = split_markers(content)
        if sides is None:
            raise GitOpsSecretsError(f"{file.path} has no conflict", "git status")
        versions = Versions(*sides)
    for name, content in (("our", versions.ours), ("their", versions.theirs)):
        if not is_encrypted(content, file.path):
            raise GitOpsSecretsError(
                f"{file.path}: {name} version of it is not an encrypted file",
                f"git checkout --{'theirs' if name == 'our' else 'ours'} -- {file.path}",
            )
    return _Conflict(versions, tuple(stages[number] for number in sorted(stages)))


class _Record:
    """Which keys were chosen so far, for a conflict that is still the same."""

    def __init__(self, repository: Repository, path: str, ids: Sequence[str]) -> None:
        self._file = repository.git_dir / _RECORD
        self._path = path
        self._ids = list(ids)

    def read(self) -> Mapping[str, Side]:
        """Return the side of each key that was chosen."""
        found = self._all().get(self._path)
        if not self._ids or not isinstance(found, dict) or found.get("ids") != self._ids:
            return {}
        chosen = found.get("chosen")
        sides = chosen.items() if isinstance(chosen, dict) else ()
        return {str(key): Side(side) for key, side in sides if side in tuple(Side)}

    def write(self, chosen: Mapping[str, Side]) -> None:
        """Remember *chosen*. Raises GitOpsSecretsError if the conflict is known by markers alone."""
        if not self._ids:
            raise UsageError(
                f"{self._path} has no conflict in the index: choose a side for all keys at once",
                f"gitops-secrets resolve {self._path} --ours",
            )
        self._replace({"ids": self._ids, "chosen": dict(chosen)})

    def forget(self) -> None:
        """Forget what was chosen."""
        self._replace(None)

    def _replace(self, entry: dict[str, object] | None) -> None:
        known = self._all()
        if entry is None and self._path not in known:
            return
        rest = {path: value for path, value in known.items() if path != self._path}
        content = {**rest, self._path: entry} if entry is not None else rest
        if content:
            replace_file(self._file, json.dumps(content).encode())
        else:
            self._file.unlink(missing_ok=True)

    def _all(self) -> dict[str, object]:
        try:
            found = json.loads(self._file.read_bytes())
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}
