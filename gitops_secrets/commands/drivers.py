"""Git's merge and diff drivers for encrypted files, in the settings of one clone."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from gitops_secrets.adapters.files import replace_file
from gitops_secrets.adapters.git.objects import Git
from gitops_secrets.core.repository.drivers import (
    are_there,
    settings,
    with_patterns,
    without_patterns,
)
from gitops_secrets.errors import GitOpsSecretsError


def install_drivers(git: Git, program: str) -> bool:
    """Have Git merge encrypted files by value with *program*, and show them without ciphertext.

    Return whether it did not do so before. If that fails, what was not there before is taken out again.
    """
    file = _attributes(git)
    text = _read(file)
    is_new = not are_there(text)
    try:
        for name, value in settings(program).items():
            git.ask("config", "--local", "--replace-all", name, value)
        file.parent.mkdir(parents=True, exist_ok=True)
        _write(file, with_patterns(text))
    except (GitOpsSecretsError, OSError):
        if is_new:
            with suppress(GitOpsSecretsError, OSError):
                uninstall_drivers(git)
        raise
    return is_new


def uninstall_drivers(git: Git) -> bool:
    """Take the settings and the lines out again; return whether there were any."""
    file = _attributes(git)
    text = _read(file)
    found = without_patterns(text)
    were_there = are_there(text)
    if found != text and found:
        _write(file, found)
    elif found != text:
        # Only our own lines were in it.
        file.unlink()
    for section in {name.rpartition(".")[0] for name in settings("")}:
        try:
            git.ask("config", "--local", "--remove-section", section)
        except GitOpsSecretsError:
            continue
        were_there = True
    return were_there


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
