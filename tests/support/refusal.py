"""A bootstrap that has to be refused, and leaves no trace."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

from gitops_secrets.adapters.age import create_identity
from gitops_secrets.adapters.sops.binary import find_sops
from tests.support.user import Result, User

PASSWORD = "hunter2hunter2"
CREDS = f"robot:{PASSWORD}"


def refused(
    user: User, *flags: str, says: str, status: int = 3, creds: str = CREDS, **env: str
) -> Result:
    """Bootstrap, and see that it is refused with these words, that nothing changed, nothing leaked."""
    before = user.state()
    result = user.bootstrap(*flags, creds=creds, **env)
    assert says in result.stderr, result.stderr
    assert result.status == status
    assert user.state() == before
    assert result.stderr.startswith("gitops-secrets: error: ")
    assert PASSWORD not in result.printed
    return result


def mistyped_recipient() -> str:
    """An age recipient whose last letter is another."""
    good = create_identity().recipient
    return good[:-1] + ("q" if good[-1] != "q" else "p")


def broken_sops(tmp_path: Path, script: str) -> str:
    """A PATH with a sops that runs *script*; $REAL is the real one. A fake: no real one fails at will."""
    folder = tmp_path / "broken"
    folder.mkdir()
    program = folder / "sops"
    program.write_text(f"#!/bin/sh\nREAL={shlex.quote(find_sops())}\n{script}\n")
    program.chmod(0o755)
    return f"{folder}:{os.environ['PATH']}"
