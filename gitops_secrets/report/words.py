"""How names and numbers are printed: names steer no terminal, and nouns have their plural."""

from __future__ import annotations

_TYPED = ("gitops-secrets ", "git ", "sops ", "kubectl ", "echo ", "mv ", "rm ")
"""How the commands begin that name files of the repository."""


def plain(text: str) -> str:
    """Return *text* with each character that is not printable, or not text at all, as an escape."""
    if text.isprintable():
        return text
    return "".join(
        c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode() for c in text
    )


def from_here(hint: str, way: str) -> str:
    """Return *hint* as it is typed by somebody from whose folder *way* leads to the top of the repository."""
    if not way or not hint.startswith(_TYPED):
        return hint
    import shlex

    return f"cd {shlex.quote(way)} && {hint}"


def count(number: int, what: str) -> str:
    """Return "1 staged file" or "2 staged files" for the plural *what*."""
    return f"{number} {what if number != 1 else what.removesuffix('s')}"
