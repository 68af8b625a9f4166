"""Git's merge and diff drivers for encrypted files, in the settings of one clone."""

from __future__ import annotations

import os
from pathlib import Path

from gitops_secrets.adapters.files import remove_temporaries, replace_file
from gitops_secrets.adapters.git.objects import Git
from gitops_secrets.core.repository.drivers import (
    are_there,
    settings,
    with_patterns,
    without_patterns,
)
from gitops_secrets.errors import GitOpsSecretsError


def install_drivers(git: Git, program: str) -> None:
    """Have Git merge encrypted files by value with *program*, and show them without ciphertext."""
    for name, value in settings(program).items():
        git.ask("config", "--local", "--replace-all", name, value)
    file = _attributes(git)
    text = _read(file)
    if not are_there(text):
        file.parent.mkdir(parents=True, exist_ok=True)
        remove_temporaries(file)
        _write(file, with_patterns(text))


def uninstall_drivers(git: Git) -> bool:
    """Take the settings and the lines out again; return whether there were any.

    Raises GitOpsSecretsError if Git does not change its settings.
    """
    found = _sections(git)
    for section in found:
        git.ask("config", "--local", "--remove-section", section)
    file = _attributes(git)
    text = _read(file)
    without = without_patterns(text)
    if without != text and without:
        _write(file, without)
    elif without != text:
        # Only our own lines were in it.
        file.unlink()
    return bool(found) or without != text


def any_drivers(git: Git) -> bool:
    """Return whether something of the drivers is set, in whole or in part."""
    return bool(_sections(git)) or are_there(_read(_attributes(git)))


def _sections(git: Git) -> list[str]:
    """Return the sections of the drivers that the clone's settings have."""
    listed = os.fsdecode(git.ask("config", "--local", "--name-only", "--null", "--list"))
    names = {name.rpartition(".")[0] for name in listed.split("\0")}
    return sorted(names & {name.rpartition(".")[0] for name in settings("")})


def has_drivers(git: Git, program: str) -> bool:
    """Return whether Git uses *program* for encrypted files."""
    try:
        wanted = all(
            git.ask("config", "--local", "--get", name).decode() == f"{value}\n"
            for name, value in settings(program).items()
        )
    except GitOpsSecretsError:
        return False
    return wanted and are_there(_read(_attributes(git)))


def _attributes(git: Git) -> Path:
    path = git.ask("rev-parse", "--path-format=absolute", "--git-path", "info/attributes")
    return Path(os.fsdecode(path.removesuffix(b"\n")))


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="surrogateescape")
    except FileNotFoundError:
        return ""


def _write(file: Path, text: str) -> None:
    replace_file(file, text.encode("utf-8", "surrogateescape"))
