"""Build the small program over kustomize-controller's own decryptor.

The decryptor is internal to the controller's module, so the program is a folder of a copy of that module, which is
built with the requirements of its release. It lies in a folder named by a hash of the program and of the module: a
change of it builds nothing else again.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Final

from tests.e2e.tools.manifests import MODULES
from tests.e2e.tools.modules import STATIC, build_package, copy_module, hash_of
from tests.e2e.tools.process import run

SOURCES: Final = Path(__file__).parent.parent / "decrypting"
_MODULE: Final = "github.com/fluxcd/kustomize-controller"
_VERSION, _SUM = MODULES[_MODULE]
_API: Final = f"{_MODULE}/api"
_FLAGS: Final = "-mod=mod"


def version() -> str:
    """Return the hash of what goes into the program."""
    return hash_of(SOURCES, f"{_VERSION} {_SUM}\0")


def build_decrypting(go: str, target: Path) -> None:
    """Put the program at *target*. Raises BuildError if the build fails."""
    with tempfile.TemporaryDirectory() as name:
        sources = Path(name) / "kustomize-controller"
        copy_module(go, _MODULE, _VERSION, sources, _SUM)
        # The module in the folder api is published by itself, and is not in these sources.
        run([go, "mod", "edit", f"-dropreplace={_API}"], sources, **STATIC, GOFLAGS=_FLAGS)
        shutil.copytree(SOURCES, sources / "decrypting")
        build_package(go, "./decrypting", sources, target, GOFLAGS=_FLAGS)
