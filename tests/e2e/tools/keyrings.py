"""Build the small program over the kubelet's, Flux's and docker's own look-up of pull Secrets.

It lies beside the other programs' sources, not below them, and in a folder named by a hash of its own: a change of it
builds nothing else again.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from tests.e2e.tools.modules import build_package, hash_of

SOURCES: Final = Path(__file__).parent.parent / "keyrings"


def version() -> str:
    """Return the hash of the sources."""
    return hash_of(SOURCES)


def build_keyrings(go: str, target: Path) -> None:
    """Put the program at *target*. Raises BuildError if the build fails."""
    build_package(go, ".", SOURCES, target)
