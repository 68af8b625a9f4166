"""Build the flux CLI itself from its Go module, for what it does with plugins.

It has a replace line of its own, so it is built as the main module, in a copy of its sources. A release embeds the
manifests of Flux's controllers, which the module lacks: a file that says so takes their place. This flux can
therefore install and bootstrap nothing, which `flux-bootstrap` is for.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Final

from tests.e2e.tools.manifests import FLUX, MODULES
from tests.e2e.tools.modules import build_package, copy_module

VERSION: Final = FLUX
_MODULE: Final = "github.com/fluxcd/flux2/v2"
_LDFLAGS: Final = f"-s -w -X main.VERSION={FLUX[1:]}"


def build_flux_cli(go: str, target: Path) -> None:
    """Put the program at *target*. Raises BuildError if the build fails."""
    with tempfile.TemporaryDirectory() as name:
        sources = Path(name) / "flux2"
        copy_module(go, _MODULE, VERSION, sources, MODULES[_MODULE][1])
        embedded = sources / "cmd" / "flux" / "manifests"
        embedded.mkdir(exist_ok=True)
        (embedded / "none.yaml").write_text("# The manifests of the controllers are not here.\n")
        build_package(go, "./cmd/flux", sources, target, _LDFLAGS)
