"""Go modules that are built as the main module, because they have replace lines of their own, and small ones of ours."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Final

from tests.e2e.tools.process import BuildError, run

STATIC: Final = {"CGO_ENABLED": "0", "GOWORK": "off"}
"""The environment of a build: without cgo the programs need no C compiler."""


def hash_of(sources: Path, beginning: str = "") -> str:
    """Return a hash of *beginning* and of the files in the folder *sources*, to name a program by."""
    digest = hashlib.sha256(beginning.encode())
    for file in sorted(sources.iterdir()):
        digest.update(f"{file.name}\0".encode() + file.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def build_package(
    go: str, package: str, sources: Path, target: Path, ldflags: str = "-s -w", **environ: str
) -> None:
    """Build *package* of the module in *sources*, and put the program at *target* whole. Raises BuildError."""
    unfinished = target.with_name(f".{target.name}.unfinished")
    unfinished.parent.mkdir(parents=True, exist_ok=True)
    flags = ("-trimpath", "-buildvcs=false", "-ldflags", ldflags)
    run([go, "build", *flags, "-o", unfinished, package], sources, **STATIC, **environ)
    unfinished.replace(target)


def copy_module(go: str, module: str, version: str, target: Path, expected: str = "") -> None:
    """Download *module* and put a copy of its sources that can be written to into *target*.

    Raises BuildError if the download fails, or if the module's sum is not *expected*.
    """
    target.mkdir(parents=True)
    argv: list[str | Path] = [go, "mod", "download", "-json", f"{module}@{version}"]
    told = json.loads(run(argv, target, GOWORK="off"))
    if expected and told["Sum"] != expected:
        raise BuildError(f"the sum of {module}@{version} is {told['Sum']}, not {expected}")
    shutil.copytree(told["Dir"], target, dirs_exist_ok=True)
    for path in (target, *target.rglob("*")):
        path.chmod(path.stat().st_mode | 0o200)
