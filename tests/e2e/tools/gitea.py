"""Build Gitea from its Go module: a registry, an API that mints and revokes, and a Git host in one program.

It has replace lines of its own, so it is built as the main module, in a copy of its sources. It needs cgo for SQLite.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Final

from tests.e2e.tools.modules import copy_module
from tests.e2e.tools.process import run

MODULE: Final = "code.gitea.io/gitea"
VERSION: Final = "v1.26.0"
_STATIC: Final = ("options", "templates", "public")
_ENV: Final = {"CGO_ENABLED": "1", "GOWORK": "off", "GOFLAGS": "-mod=mod"}
_FLAGS: Final = (
    "-trimpath",
    "-buildvcs=false",
    "-tags",
    "sqlite sqlite_unlock_notify",
    "-ldflags",
    "-s -w",
)


def build_gitea(go: str, target: Path) -> None:
    """Put the program and what it reads into the folder *target*. Raises BuildError if the build fails."""
    with tempfile.TemporaryDirectory() as name:
        sources = Path(name) / "gitea"
        copy_module(go, MODULE, VERSION, sources)
        unfinished = target.with_name(f".{target.name}.unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(parents=True)
        run([go, "build", *_FLAGS, "-o", unfinished / "gitea", "."], sources, **_ENV)
        for static in _STATIC:
            shutil.copytree(sources / static, unfinished / static)
        unfinished.rename(target)
