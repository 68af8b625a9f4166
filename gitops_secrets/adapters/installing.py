"""How this very installation gets an extra that it lacks."""

from __future__ import annotations

import sys
from pathlib import Path
from shlex import quote


def install_command(extra: str) -> str:
    """Return the command that adds *extra*, by what made the environment that this runs in.

    ``pip`` on PATH may be that of another Python, which the system's package manager may even refuse to change.
    """
    if (Path(sys.prefix) / "pipx_metadata.json").is_file():
        # It makes the whole environment anew: one extra alone would take the others away.
        return "pipx install --force 'gitops-secrets[all]'"
    return f"{quote(sys.executable)} -m pip install 'gitops-secrets[{extra}]'"
