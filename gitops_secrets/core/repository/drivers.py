"""What Git is told of encrypted files: by what it merges them, and what it shows of them in a diff.

Both stand in the clone alone. A name in .gitattributes that no configuration explains does nothing.
"""

from __future__ import annotations

import shlex

NAME = "gitops-secrets"
BASE = f"{NAME}-base"
"""The driver that makes one base of several: git merges those first, and nobody resolves a conflict there."""
MERGE, MERGE_BASES = "__merge", "__merge-bases"
"""By which Git starts the program."""
PATTERNS = ("*.sops.yaml", "*.sops.yml", "*.sops.json", "*.enc.yaml", "*.enc.yml", "*.enc.json")
"""The names by which people mark encrypted files."""
_BEGIN = "# Encrypted files, by gitops-secrets. To take this out: gitops-secrets hooks uninstall"
_END = "# end of gitops-secrets"


def settings(program: str) -> dict[str, str]:
    """Return the Git settings that have *program*, a name or a path, merge and show encrypted files.

    Without the program a merge is a conflict with our version in place, and a diff shows the ciphertext.
    """
    run = shlex.quote(program)
    return {
        f"merge.{NAME}.name": "encrypted files, value by value",
        f"merge.{NAME}.driver": f"{run} {MERGE} %O %A %B %P",
        f"merge.{NAME}.recursive": BASE,
        f"merge.{BASE}.name": "where two merges of encrypted files began",
        f"merge.{BASE}.driver": f"{run} {MERGE_BASES} %O %A %B %P",
        f"diff.{NAME}.textconv": f'f() {{ {run} __textconv "$1" 2>/dev/null || cat -- "$1"; }}; f',
        f"diff.{NAME}.cachetextconv": "false",
    }


def with_patterns(attributes: str) -> str:
    """Return the text of an attributes file with our lines, last and once."""
    lines = [f"{pattern} merge={NAME} diff={NAME}" for pattern in PATTERNS]
    return without_patterns(attributes) + "\n".join([_BEGIN, *lines, _END]) + "\n"


def without_patterns(attributes: str) -> str:
    """Return the text of an attributes file without our lines."""
    before, begin, rest = attributes.partition(f"{_BEGIN}\n")
    _, end, after = rest.partition(f"{_END}\n")
    if not begin or not end:
        return attributes if attributes.endswith("\n") or not attributes else f"{attributes}\n"
    return before + after


def are_there(attributes: str) -> bool:
    """Return whether our lines are in the text of an attributes file."""
    return with_patterns(attributes) == attributes
