"""Patterns of paths, as ``.gitignore`` has them less negation and sets of characters."""

from __future__ import annotations

from gitops_secrets.core.goregex.match import GoRegexError, go_regex

_NO_MEANING = frozenset("[]{}!\\")
"""What means something in the patterns of other tools, and would quietly mean something else here."""
_QUOTED = frozenset(".+()|^$")


def flaw_in(glob: str) -> str | None:
    """Return what is wrong with *glob*; None for one that ``covers`` takes."""
    steps = glob.strip("/").split("/")
    if not glob.strip("/"):
        return "it names no path"
    if any(step in ("", ".", "..") for step in steps):
        return "a step of it is empty, or one of . and .."
    if not _NO_MEANING.isdisjoint(glob):
        return "only *, ** and ? have a meaning in it"
    try:
        go_regex(_pattern(glob))
    except GoRegexError:
        return "it is too long"
    return None


def covers(glob: str, path: str) -> bool:
    """Return whether *glob* names the file *path* or a folder above it, in time linear in *path*.

    With a slash in it, or ahead of it, it begins at the repository's top; without one it names a file or
    folder anywhere. With one behind it, it names folders only.
    """
    return go_regex(_pattern(glob)).is_found_in(path)


def _pattern(glob: str) -> str:
    is_anchored = "/" in glob.rstrip("/")
    *above, last = glob.strip("/").split("/")
    begin = "" if is_anchored else "(?:.*/)?"
    folders = "".join("(?:.*/)?" if step == "**" else f"{_step(step)}/" for step in above)
    below = "/.*" if glob.endswith("/") else "(?:/.*)?"
    return rf"(?s)\A{begin}{folders}{'.*' if last == '**' else _step(last)}{below}\z"


def _step(step: str) -> str:
    return "".join(
        "[^/]*"
        if sign == "*"
        else "[^/]"
        if sign == "?"
        else f"\\{sign}"
        if sign in _QUOTED
        else sign
        for sign in step
    )
