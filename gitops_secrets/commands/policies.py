"""Where the guard's policy comes from: the index for a person, a revision for a server or CI."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cache
from typing import NamedTuple

from gitops_secrets.adapters.objects import OVERLAP, Git
from gitops_secrets.core.guard import engine
from gitops_secrets.core.guard.facts import Marker
from gitops_secrets.core.guard.policy import BASELINE_FILE, SOPS_CONFIG, Policy

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import date

    from gitops_secrets.core.guard.policy import Parts


TrustedMarkers = Callable[[str], Collection[Marker]]
"""Returns the markers that count at a path."""


class Terms(NamedTuple):
    """A policy, and whose markers count."""

    policy: Policy
    trusted: TrustedMarkers | None


def of_index(git: Git) -> Terms:
    """Return the policy that the index holds; a content's own markers count."""

    def load() -> Parts:
        return _parts(git, git.index(f":(top,glob)**/{SOPS_CONFIG}", f":(top){BASELINE_FILE}"))

    return Terms(Policy.read_by(load), None)


def of_revision(git: Git, revision: str, *, own_markers: bool) -> Terms:
    """Return the policy that *revision* holds; the empty string stands for no policy at all.

    With *own_markers* a content's own markers count, else only those that *revision* has at its path.
    """

    @cache
    def tree() -> Mapping[str, str]:
        return git.tree(revision) if revision else {}

    def load() -> Parts:
        return _parts(git, {p: b for p, b in tree().items() if is_policy(p)})

    @cache
    def trusted(path: str) -> Collection[Marker]:
        blob = tree().get(path)
        contents = read_whole(git, [blob] if blob else [])
        return [m for content in contents.values() for m in engine.examine(content).markers]

    return Terms(Policy.read_by(load), None if own_markers else trusted)


def is_policy(path: str) -> bool:
    """Return whether *path* is a file from which the guard takes rules or exceptions."""
    return path == BASELINE_FILE or path.rpartition("/")[2] == SOPS_CONFIG


def parts_of(files: Mapping[str, bytes]) -> Parts:
    """Return the parts of the policy that *files* hold, as of today."""
    configs = {p: c for p, c in files.items() if p.rpartition("/")[2] == SOPS_CONFIG}
    return configs, files.get(BASELINE_FILE), today()


def today() -> date:
    """Return the day that decides whether an exception has expired."""
    from datetime import UTC, datetime

    return datetime.now(UTC).date()


def _parts(git: Git, blobs: Mapping[str, str]) -> Parts:
    contents = read_whole(git, list(dict.fromkeys(blobs.values())))
    return parts_of({path: contents[blob] for path, blob in blobs.items() if blob in contents})


def read_whole(git: Git, names: Sequence[str]) -> dict[str, bytes]:
    """Return the contents of those of *names* that are there, in their order, whole at any size."""
    found: dict[str, bytes] = {}
    for name, content in git.contents(names):
        if content is not None:
            found[name] = found[name] + content[OVERLAP:] if name in found else content
    return found
