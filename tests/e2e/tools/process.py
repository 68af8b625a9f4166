"""How the build starts other programs."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path


class BuildError(Exception):
    """The programs cannot be built; the message says what to install or which step failed."""


def run(argv: list[str | Path], folder: Path, **environ: str) -> str:
    """Run *argv* in *folder* and return what it prints; raises BuildError where it fails."""
    done = subprocess.run(
        argv,
        cwd=folder,
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        command = " ".join(map(str, argv))
        raise BuildError(f"{command} failed in {folder}:\n{(done.stdout + done.stderr)[-4000:]}")
    return done.stdout
