"""Where what was learnt of a repository is kept: in the user's own cache folder, never in the repository.

What is kept there is believed, and an archive brings its own Git folder with it.
"""

from __future__ import annotations

import os
import stat
import sys
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from gitops_secrets.errors import GitOpsSecretsError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gitops_secrets.adapters.git.objects import Git

_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


def cache_file(git: Git) -> Path | None:
    """Return the file for the repository that *git* asks, in a folder that is made if it is missing.

    None if there is no folder that nobody but the user can have written to: one that is a symlink,
    belongs to somebody else or lies in that repository does not count.
    """
    common, *judged = _places(git)
    folder = _folder()
    if folder is None:
        return None
    try:
        folder.mkdir(0o700, parents=True, exist_ok=True)
        found, real = folder.lstat(), folder.resolve()
    except OSError:
        return None
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        return None
    if found.st_mode & _OTHERS_WRITE or any(real.is_relative_to(p) for p in (common, *judged)):
        return None
    return folder / f"facts-{sha256(os.fsencode(common)).hexdigest()}"


def _folder() -> Path | None:
    """Return the folder by the user's environment. A relative XDG_CACHE_HOME does not count, by its own standard."""
    xdg, home = os.environ.get("XDG_CACHE_HOME", ""), os.environ.get("HOME", "")
    if os.path.isabs(xdg):
        return Path(xdg, "gitops-secrets")
    if not os.path.isabs(home):
        return None
    return Path(home, "Library/Caches" if sys.platform == "darwin" else ".cache", "gitops-secrets")


def _places(git: Git) -> list[Path]:
    """Return what the repository consists of, without symlinks: its Git folder first, then its work trees.

    Its own configuration may say that it has no work tree, or another one. So the folder that Git was
    found from counts as well.
    """
    absolute = ("rev-parse", "--path-format=absolute")
    found = [git.ask(*absolute, "--git-common-dir"), git.ask(*absolute, "--git-dir")]
    with suppress(GitOpsSecretsError):
        found.append(git.ask(*absolute, "--show-toplevel"))
    places = [Path(os.fsdecode(path.removesuffix(b"\n"))).resolve() for path in found]
    start = Path(git.folder).resolve()
    return [*places, next((p for p in (start, *start.parents) if (p / ".git").exists()), start)]
