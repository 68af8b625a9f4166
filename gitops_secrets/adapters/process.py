"""Starting programs: with an explicit environment, no shell, and nothing secret in their arguments."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

_withheld: set[str] = set()


@dataclass(frozen=True)
class Completed:
    """How a program ended. What it printed is kept out of the repr: it may quote a secret."""

    status: int
    stdout: bytes = field(repr=False)
    stderr: bytes = field(repr=False)


def withhold(variable: str) -> None:
    """Keep the environment variable *variable* from every program started from now on."""
    _withheld.add(variable)


def inherited_environment() -> dict[str, str]:
    """Return this process's environment without what is withheld."""
    return {k: v for k, v in os.environ.items() if k not in _withheld}


def run(
    argv: Sequence[str],
    *,
    stdin: bytes = b"",
    env: Mapping[str, str] | None = None,
    cwd: str | None = None,
    pass_fds: Sequence[int] = (),
) -> Completed:
    """Run *argv* to its end with *stdin* as its input, and return how it ended.

    Raises FileNotFoundError or PermissionError where the program cannot be started.
    """
    done = subprocess.run(
        argv,
        input=stdin,
        capture_output=True,
        check=False,
        cwd=cwd,
        env=inherited_environment() if env is None else dict(env),
        pass_fds=pass_fds,
    )
    return Completed(done.returncode, done.stdout, done.stderr)
