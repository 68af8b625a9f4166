"""Build zot from its Go module, without its extensions: a registry whose users have API keys.

Not every Go module proxy has it, so nothing but its own tests asks for it.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Final

from tests.e2e.tools.modules import copy_module
from tests.e2e.tools.process import BuildError, run

VERSION: Final = "v2.1.20"
_MODULE: Final = "zotregistry.dev/zot/v2"
_ENV: Final = {"CGO_ENABLED": "0", "GOWORK": "off", "GOEXPERIMENT": "jsonv2"}
_FLAGS: Final = ("-trimpath", "-buildvcs=false", "-ldflags", "-s -w")


class UnavailableError(Exception):
    """The module proxy does not have zot."""


def build_zot(go: str, target: Path) -> None:
    """Put the program at *target*. Raises UnavailableError if its sources cannot be had, BuildError if the build fails."""
    with tempfile.TemporaryDirectory() as name:
        sources = Path(name) / "zot"
        try:
            copy_module(go, _MODULE, VERSION, sources)
        except BuildError as error:
            raise UnavailableError(f"{_MODULE}@{VERSION} cannot be downloaded: {error}") from None
        unfinished = target.with_name(f".{target.name}.unfinished")
        unfinished.parent.mkdir(parents=True, exist_ok=True)
        run([go, "build", *_FLAGS, "-o", unfinished, "./cmd/zot"], sources, **_ENV)
        unfinished.rename(target)
