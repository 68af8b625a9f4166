"""Where the guard's policy comes from: the index for a person, a revision for a server or CI."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import NamedTuple

from gitops_secrets.adapters.git.missing import BRINGS
from gitops_secrets.adapters.git.objects import Git
from gitops_secrets.commands.contents.known import read_whole
from gitops_secrets.core.guard.judge.policy import (
    BASELINE_FILE,
    SETTINGS_FILE,
    SOPS_CONFIG,
    Parts,
    Policy,
)
from gitops_secrets.errors import GitOpsSecretsError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import date

    from gitops_secrets.adapters.git.rawdiff import Change

TrustedContents = Callable[[str], bytes | None]
"""Returns what the protected branch holds at a path, whose markers count; None where it holds nothing."""


class Terms(NamedTuple):
    """A policy, and whose markers count: None where those of a content itself do."""

    policy: Policy
    trusted: TrustedContents | None


def of_index(git: Git) -> Terms:
    """Return the policy that the index holds; a content's own markers count."""

    def load() -> Parts:
        files = (f":(top,glob)**/{SOPS_CONFIG}", f":(top){BASELINE_FILE}", f":(top){SETTINGS_FILE}")
        return _parts(git, git.index(*files))

    return Terms(Policy.read_by(load), None)


def of_revision(git: Git, revision: str, *, own_markers: bool) -> Terms:
    """Return the policy that *revision*, the id of a commit or tree, holds; none if it is empty.

    With *own_markers* a content's own markers count, else only those that *revision* has at its path.
    """

    @cache
    def tree() -> Mapping[str, str]:
        return git.tree(revision) if revision else {}

    def load() -> Parts:
        return _parts(git, {p: b for p, b in tree().items() if is_policy(p)})

    @cache
    def trusted(path: str) -> bytes | None:
        blob = tree().get(path)
        return read_whole(git, [blob]).get(blob) if blob else None

    return Terms(Policy.read_by(load), None if own_markers else trusted)


def of_first_push(git: Git, tips: Iterable[str]) -> Terms:
    """Return the policy for the first push to an empty repository: the creation rules of all that it brings.

    There is no branch yet whose rules or exceptions could count. The rules that come along count as far
    as they ask for more; exceptions and settings that come along excuse nothing.
    """

    def load() -> Parts:
        files: dict[str, str] = {}
        for tip in tips:
            files |= {p: b for p, b in git.tree(tip).items() if is_rules(p)}
        return _parts(git, files)

    return Terms(Policy.read_by(load), lambda _: None)


def is_policy(path: str) -> bool:
    """Return whether *path* is a file from which the guard takes rules, their settings or exceptions."""
    return path in (BASELINE_FILE, SETTINGS_FILE) or is_rules(path)


def is_rules(path: str) -> bool:
    """Return whether *path* is a file of creation rules."""
    return path.rpartition("/")[2] == SOPS_CONFIG


def parts_of(files: Mapping[str, bytes]) -> Parts:
    """Return the parts of the policy that *files* hold, as of today."""
    configs = {p: c for p, c in files.items() if is_rules(p)}
    return Parts(configs, files.get(BASELINE_FILE), today(), files.get(SETTINGS_FILE))


def check_settings(changes: Sequence[Change], read: Callable[[str], bytes | None]) -> None:
    """Raise InvalidDocumentError if *changes*, oldest first, end with settings that are not understood.

    They would be read where a finding depends on them. Whoever writes them is told at once.
    """
    new = next((c.new for c in reversed(changes) if c.path == SETTINGS_FILE), "")
    content = read(new) if new else None
    if content is not None:
        from gitops_secrets.core.guard.judge.settings import parse_settings

        parse_settings(content, SETTINGS_FILE)


def today() -> date:
    """Return the day that decides whether an exception has expired."""
    from datetime import UTC, datetime

    return datetime.now(UTC).date()


def _parts(git: Git, blobs: Mapping[str, str]) -> Parts:
    contents = read_whole(git, list(dict.fromkeys(blobs.values())))
    for path, blob in blobs.items():
        if blob not in contents:
            raise GitOpsSecretsError(
                f"{path}: Git has no content {blob[:12]} here, and the guard's rules stand in it",
                BRINGS,
            )
    return parts_of({path: contents[blob] for path, blob in blobs.items()})
