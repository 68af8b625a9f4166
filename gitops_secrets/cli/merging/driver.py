"""``gitops-secrets __merge``: what Git starts to merge an encrypted file.

A rebase starts it once for each commit, so click is loaded only if there is something to say.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from gitops_secrets.adapters.files import remove_private_folders
from gitops_secrets.adapters.running.interrupts import Interrupted, end_on_signals, unheard
from gitops_secrets.core.repository.drivers import MERGE_BASES
from gitops_secrets.errors import ExitCode, GitOpsSecretsError

if TYPE_CHECKING:
    from gitops_secrets.commands.merging.merge import Told


def notes(path: str, told: Told) -> Iterator[str]:
    """Yield what a merge of *path* says beside its conflicts."""
    if told.assembled:
        yield f"{path}: encrypted anew in full, because sops cannot set what changed"
    if told.let_in:
        readers = ", ".join(told.let_in)
        yield f"{path}: one side lets in {readers}, whom the .sops.yaml of the last commit does not name"
    if told.older is not None:
        yield (
            f"{path}: one side puts values back: its version is of {told.older}, older than that where both began"
        )


def merge_for_git(driver: str, base: str, ours: str, theirs: str, path: str) -> int:
    """Merge three versions of the file *path* into *ours*. Returns 1 if a conflict is left.

    Whatever goes wrong is a conflict too, with our version as it was.
    """
    end_on_signals()
    files = (Path(base), Path(ours), Path(theirs))
    try:
        if driver == MERGE_BASES:
            return _merge_bases(*files, path)
        return _merge(*files, path)
    except Interrupted:
        with unheard():
            remove_private_folders()
        raise
    except GitOpsSecretsError as error:
        asked = error.hints[:1] and error.hints[0].startswith("pass --age-identity-file")
        later = f"gitops-secrets resolve {_typed(path)} --age-identity-file FILE"
        _say_kept(error.message, [later] if asked else error.hints)
    except ModuleNotFoundError as error:
        from gitops_secrets.adapters.installing import install_command

        _say_kept(f"{path}: {error.name} is not installed", [install_command("cli")])
    except OSError as error:
        _say_kept(f"{path}: {error.strerror}", [])
    except Exception as error:  # noqa: BLE001 - a traceback could quote a secret
        _say_kept(f"{path}: a bug in gitops-secrets: {type(error).__name__}", [])
    return ExitCode.FINDINGS


def _merge(base: Path, ours: Path, theirs: Path, path: str) -> int:
    from gitops_secrets.commands.merging.drivers import merge_by_lines, merge_in_place

    result = merge_in_place(base, ours, theirs, path)
    if result is None:
        return ExitCode.OK if merge_by_lines(base, ours, theirs) else ExitCode.FINDINGS
    said = tuple(notes(path, result.told))
    if not result.conflicts and not said:
        return ExitCode.OK
    from gitops_secrets.cli.printing.say import say

    for note in said:
        say("note", note)
    if not result.conflicts:
        return ExitCode.OK
    for key in result.conflicts:
        say("error", f"{path}: both sides changed {key}; our value is kept until you choose")
    say(
        "hint", f"gitops-secrets resolve {_typed(path)} {shlex.quote(result.conflicts[0])} --theirs"
    )
    return ExitCode.FINDINGS


def _merge_bases(base: Path, ours: Path, theirs: Path, path: str) -> int:
    from gitops_secrets.commands.merging.drivers import merge_bases_in_place, merge_by_lines

    if not merge_bases_in_place(base, ours, theirs, path):
        merge_by_lines(base, ours, theirs)
    return ExitCode.OK


def _typed(path: str) -> str:
    """Return *path* as the user would type it: Git starts a driver at the top, and says where it was called."""
    found = os.path.relpath(path, os.environ.get("GIT_PREFIX") or os.curdir)
    return shlex.quote(f"./{found}" if found.startswith("-") else found)


def _say_kept(message: str, hints: Iterable[str]) -> None:
    from gitops_secrets.cli.printing.say import say_error

    say_error(f"{message}; our version of it is kept", hints)
