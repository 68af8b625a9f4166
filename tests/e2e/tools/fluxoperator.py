"""Build the Flux Operator from its Go module, with the manifests of Flux that its image has.

It is built as the main module, in a copy of its sources, for two reasons: the version of one library that it names is
not published, so the newest one that is takes its place; and its web pages, which are made by npm, are replaced by
one that says so. The program is otherwise as it is released.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Final

from tests.e2e.tools.manifests import MODULES
from tests.e2e.tools.modules import copy_module
from tests.e2e.tools.process import run

_MODULE: Final = "github.com/controlplaneio-fluxcd/flux-operator"
VERSION, _SUM = MODULES[_MODULE]
_LIBRARY: Final = "github.com/google/go-containerregistry/pkg/authn/kubernetes"
_PUBLISHED: Final = "v0.0.0-20260224031529-85f2bf5f7303"
_ENV: Final = {"CGO_ENABLED": "0", "GOWORK": "off", "GOFLAGS": "-mod=mod"}
_FLAGS: Final = ("-trimpath", "-buildvcs=false", "-ldflags", f"-s -w -X main.VERSION={VERSION}")


def build_flux_operator(go: str, target: Path) -> None:
    """Put the program, ``data/`` and ``crd/`` into the folder *target*. Raises BuildError if the build fails."""
    with tempfile.TemporaryDirectory() as name:
        sources = Path(name) / "flux-operator"
        copy_module(go, _MODULE, VERSION, sources, _SUM)
        pages = sources / "web" / "dist"
        pages.mkdir()
        (pages / "index.html").write_text("The web pages are not here.\n")
        replacement = f"-replace={_LIBRARY}={_LIBRARY}@{_PUBLISHED}"
        run([go, "mod", "edit", replacement], sources, **_ENV)
        unfinished = target.with_name(f".{target.name}.unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(parents=True)
        built = unfinished / "flux-operator"
        run([go, "build", *_FLAGS, "-o", built, "./cmd/operator"], sources, **_ENV)
        shutil.copytree(sources / "config" / "data", unfinished / "data")
        shutil.copytree(sources / "config" / "crd" / "bases", unfinished / "crd")
        unfinished.rename(target)
