"""Which files a source's artifact leaves out: ignore rules and sparse checkouts."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable, Mapping

from gitops_secrets.core.flux.objects import Source, normalise
from gitops_secrets.errors import GitOpsSecretsError


def check_artifact_holds(
    file: str, source: Source, sourceignores: Mapping[str, str], where: str
) -> None:
    """Raise GitOpsSecretsError if the source's artifact would leave *file* out.

    *sourceignores* are the .sourceignore files on the way to *file*, by folder ("" is the top);
    *where* names the file that the source stands in.
    """
    folder = posixpath.dirname(file)
    sparse = [normalise(p) for p in source.sparse_checkout]
    if sparse and not any(folder == p or folder.startswith(f"{p}/") or p == "." for p in sparse):
        raise GitOpsSecretsError(
            f"{where}: spec.sparseCheckout leaves {folder} out of what Flux fetches",
            f"add {folder.split('/', 1)[0]} to spec.sparseCheckout in {where}, commit, and run again",
        )
    if not sourceignores and source.ignore is None:
        return
    rules = [*sorted(sourceignores.items()), ("", source.ignore or "")]
    if ignored_by(rules)(file):
        blame = where if source.ignore else ".sourceignore"
        raise GitOpsSecretsError(
            f"{blame}: its ignore rules leave {folder} out of what Flux fetches",
            f"add the line !/{folder.split('/', 1)[0]} to them, commit, and run again",
        )


def ignored_by(rules: Iterable[tuple[str, str]]) -> Callable[[str], bool]:
    """Return what says whether the last of *rules* that takes a file, or a folder above it, leaves it out.

    *rules* are .sourceignore texts with the folder each stands in ("" is the top). As Flux decides it
    (fluxcd/pkg, sourceignore), and not as Git does, which would not let a file below an ignored folder
    in again.
    """
    from pathspec import GitIgnoreSpec

    lines: list[str] = []
    for folder, written in rules:
        for line in written.splitlines():
            bang, rule = ("!", line[1:]) if line.startswith("!") else ("", line)
            anchored = folder and rule.strip() and not rule.startswith("#")
            lines.append(f"{bang}{folder}/{rule.lstrip('/')}" if anchored else line)
    return GitIgnoreSpec.from_lines(lines).match_file
