"""Go modules that are built as the main module, because they have replace lines of their own."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from tests.e2e.tools.process import BuildError, run


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
