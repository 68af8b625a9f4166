"""The program that docs/rotation.md shows, for the password file of a registry of the tests."""

from __future__ import annotations

import re
import sys
from pathlib import Path

_PAGE = Path(__file__).parents[2] / "docs/rotation.md"


def shown_program() -> str:
    """Return the program of the page."""
    (script,) = re.findall(r"(?s)```python\n(.*?)```", _PAGE.read_text())
    return str(script)


def mint_robot(folder: Path, users: Path) -> None:
    """Write ``mint-robot`` into *folder*: it mints in the password file *users*, whatever its options."""
    script = folder / "mint.py"
    script.write_text(shown_program())
    program = folder / "mint-robot"
    program.write_text(
        f'#!/bin/sh\nfor action; do :; done\nexec {sys.executable} {script} {users} "$action"\n'
    )
    program.chmod(0o755)
