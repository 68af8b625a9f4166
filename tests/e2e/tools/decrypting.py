"""Build the small program over kustomize-controller's own decryptor.

The decryptor is internal to the controller's module, so the program is a folder of a copy of that module, which is
built with the requirements of its release. It lies in a folder named by a hash of the program and of the module: a
change of it builds nothing else again.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from pathlib import Path
from typing import Final

from tests.e2e.tools.manifests import MODULES
from tests.e2e.tools.modules import copy_module
from tests.e2e.tools.process import run

SOURCES: Final = Path(__file__).parent.parent / "decrypting"
_MODULE: Final = "github.com/fluxcd/kustomize-controller"
_VERSION, _SUM = MODULES[_MODULE]
_API: Final = f"{_MODULE}/api"
_ENV: Final = {"CGO_ENABLED": "0", "GOWORK": "off", "GOFLAGS": "-mod=mod"}
_FLAGS: Final = ("-trimpath", "-buildvcs=false", "-ldflags", "-s -w")


def version() -> str:
    """Return the hash of what goes into the program."""
    digest = hashlib.sha256(f"{_VERSION} {_SUM}\0".encode())
    for file in sorted(SOURCES.iterdir()):
        digest.update(f"{file.name}\0".encode() + file.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def build_decrypting(go: str, target: Path) -> None:
    """Put the program at *target*. Raises BuildError if the build fails."""
    with tempfile.TemporaryDirectory() as name:
        sources = Path(name) / "kustomize-controller"
        copy_module(go, _MODULE, _VERSION, sources, _SUM)
        # The module in the folder api is published by itself, and is not in these sources.
        run([go, "mod", "edit", f"-dropreplace={_API}"], sources, **_ENV)
        shutil.copytree(SOURCES, sources / "decrypting")
        unfinished = target.with_name(f".{target.name}.unfinished")
        unfinished.parent.mkdir(parents=True, exist_ok=True)
        run([go, "build", *_FLAGS, "-o", unfinished, "./decrypting"], sources, **_ENV)
        unfinished.rename(target)
