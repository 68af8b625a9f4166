"""Where the user is in a repository: the paths that are printed begin at its top."""

from __future__ import annotations

import os


def way_to_top(folder: str | os.PathLike[str] = os.curdir) -> str:
    """Return the path from the user's folder to the top of the work tree of *folder*; empty if that is the same.

    Git starts a hook at the top, and says in GIT_PREFIX in which folder the user is.
    """
    try:
        here = os.path.realpath(os.curdir)
        top = os.path.realpath(folder)
    except OSError:
        # The folder is gone, with its disk for example: what is printed then is no place to go to.
        return ""
    prefix = os.environ.get("GIT_PREFIX", "")
    if prefix and top == here and os.path.isdir(os.path.join(here, prefix)):
        here = os.path.join(here, prefix)
    while not os.path.lexists(os.path.join(top, ".git")):
        top, below = os.path.dirname(top), top
        if top == below:
            return ""
    way = os.path.relpath(top, here)
    return "" if way == os.curdir else way
