"""A user who installs gitops-secrets from a wheel of this tree."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.support.user import User

_ROOT = Path(__file__).parents[3]


def build_wheel(folder: Path) -> Path:
    """Build the wheel into *folder*, with what is installed to build it, and return *folder*."""
    built = ("--no-deps", "--no-build-isolation", "--quiet", "--wheel-dir", str(folder))
    subprocess.run([sys.executable, "-m", "pip", "wheel", *built, str(_ROOT)], check=True)
    return folder


class Installer(User):
    """Has pip and pipx, which look for wheels in the folder *wheels* first; all that they write is the user's own."""

    def __init__(self, folder: Path, wheels: Path) -> None:
        super().__init__(folder)
        # How this machine reaches a package registry, and what it has of it already.
        own = {key: value for key, value in os.environ.items() if key.startswith("PIP_")}
        cache = Path.home() / ".cache/pip"
        found = f"{wheels} {own.get('PIP_FIND_LINKS', '')}".strip()
        self.env |= {"PIP_CACHE_DIR": str(cache), **own, "PIP_FIND_LINKS": found}
        # Each is started once or twice: compiling all libraries would take most of the time.
        self.env["PIP_NO_COMPILE"] = "1"
        # pip itself, which pipx installs for all of its environments.
        self.env["PIPX_SHARED_LIBS"] = str(wheels / "shared")
        python = Path(sys.executable)
        self.env |= {
            "PIPX_DEFAULT_PYTHON": str(python),
            "PATH": f"{python.parent}:{self.env['PATH']}",
        }

    def types(self, command: str) -> str:
        """Type *command*, which has to succeed; return what it prints."""
        done = self.program(["bash", "-c", command])
        assert done.status == 0, (command, done.printed)
        return done.printed
