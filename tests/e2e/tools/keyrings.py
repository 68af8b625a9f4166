"""Build the small program over the kubelet's, Flux's and docker's own look-up of pull Secrets.

It lies beside the other programs' sources, not below them, and in a folder named by a hash of its own: a change of it
builds nothing else again.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final

from tests.e2e.tools.process import run

SOURCES: Final = Path(__file__).parent.parent / "keyrings"
_ENV: Final = {"CGO_ENABLED": "0", "GOWORK": "off"}
_FLAGS: Final = ("-trimpath", "-buildvcs=false", "-ldflags", "-s -w")


def version() -> str:
    """Return the hash of the sources."""
    digest = hashlib.sha256()
    for file in sorted(SOURCES.iterdir()):
        digest.update(f"{file.name}\0".encode() + file.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def build_keyrings(go: str, target: Path) -> None:
    """Put the program at *target*. Raises BuildError if the build fails."""
    unfinished = target.with_name(f".{target.name}.unfinished")
    unfinished.parent.mkdir(parents=True, exist_ok=True)
    run([go, "build", *_FLAGS, "-o", unfinished, "."], SOURCES, **_ENV)
    unfinished.rename(target)
