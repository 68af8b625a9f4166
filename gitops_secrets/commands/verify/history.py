"""The earlier versions of encrypted files, as far as they say something about the later ones."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from gitops_secrets.adapters.git.commits import changes_of
from gitops_secrets.adapters.git.objects import Git
from gitops_secrets.adapters.git.rawdiff import Change
from gitops_secrets.core.guard.record.finding import Finding, Severity
from gitops_secrets.core.sops.reader.structure import MARK, EncryptedFile, read_encrypted
from gitops_secrets.core.verify.version import Shown, Version, ciphertexts
from gitops_secrets.core.verify.versions import compare
from gitops_secrets.core.yamltext.nodes import Path
from gitops_secrets.errors import GitOpsSecretsError

_MAC = re.compile(rb"""(?:^|[\s"_])mac"?\s*[:=]\s*["']?(ENC\[[^\]\s]+\])""")
_FEW = 200
"""Files up to which Git is asked for their commits alone: with many paths, each commit costs more than it saves."""


class Replaced(NamedTuple):
    """A content that was put in the place of an encrypted one, and is not encrypted."""

    path: str
    content: bytes
    commit: str
    sealed: str
    """The last commit before it in which the path was encrypted."""


class Compared(NamedTuple):
    """What the versions show."""

    findings: tuple[Finding, ...] = ()
    """Of the versions that are current."""
    of_mac: frozenset[Finding] = frozenset()
    """Those of them that a MAC that fits disproves."""
    earlier: tuple[Finding, ...] = ()
    """Of the versions that are not, without warnings: nobody can act on those."""
    versions: int = 0
    """How many earlier versions were looked at."""
    missing: int = 0
    """How many contents Git does not have here, and could be such versions."""
    sealed: Mapping[str, str] = {}
    """The last commit in which each path was encrypted."""
    replaced: tuple[Replaced, ...] = ()
    """Of all paths, if none were named."""


Reports = Callable[[Version], bool]
"""Says whether findings of a version are reported."""


def compare_versions(
    git: Git,
    revisions: Sequence[str],
    current: Mapping[str, EncryptedFile],
    paths: Sequence[str],
    reports: Reports,
) -> Compared:
    """Hold the versions of encrypted files in *revisions*, and then the *current* ones, against those before them.

    Of *paths* alone if there are any.
    """
    changes = _changes(git, revisions, paths)
    contents, missing = _encrypted(git, changes)
    history = [change for change in changes if change.new in contents]
    compared = Compared(
        versions=len(history),
        missing=missing,
        sealed={change.path: change.commit for change in history},
        replaced=() if paths else tuple(_replaced(git, changes, contents)),
    )
    suspects = _suspects(contents, current)
    if not suspects:
        return compared
    concerned = {c.path for c in history if _mac(contents[c.new]) in suspects}
    concerned |= {path for path, file in current.items() if _mac(file.content) in suspects}
    versions = list(_versions([c for c in history if c.path in concerned], contents))
    versions += [Version(file, "") for file in current.values()]
    found: dict[bool, list[Shown]] = {True: [], False: []}
    for version, shown in _findings(versions, reports):
        file = current.get(version.file.path)
        found[file is not None and file.content == version.file.content].append(shown)
    return compared._replace(
        findings=tuple(shown.finding for shown in found[True]),
        of_mac=frozenset(shown.finding for shown in found[True] if shown.is_of_mac),
        earlier=tuple(s.finding for s in found[False] if s.finding.severity is Severity.ERROR),
    )


def _replaced(
    git: Git, changes: Sequence[Change], contents: Mapping[str, bytes]
) -> Iterator[Replaced]:
    last: dict[str, str] = {}
    found: list[tuple[Change, str]] = []
    for change in changes:
        if change.new in contents:
            last[change.path] = change.commit
        elif any(old in contents for old in change.old):
            found.append((change, last.get(change.path, "")))
    plain = dict(git.contents(list(dict.fromkeys(change.new for change, _ in found))))
    for change, sealed in found:
        content = plain.get(change.new)
        if content is not None and sealed:
            yield Replaced(change.path, content, change.commit, sealed)


def _findings(versions: Sequence[Version], reports: Reports) -> Iterator[tuple[Version, Shown]]:
    origins: dict[str, list[tuple[str, Path, str]]] = {}
    for version in versions:
        for name, key in ciphertexts(version.file):
            origins.setdefault(name, []).append((version.file.path, key, version.commit))
    first: dict[str, Version] = {}
    told: set[tuple[str, bytes]] = set()
    for version in versions:
        metadata = version.file.metadata
        if metadata is None or not metadata.mac:
            continue
        before = first.setdefault(metadata.mac, version)
        mark = (version.file.path, version.file.content)
        if version.file.content != before.file.content and mark not in told and reports(version):
            told.add(mark)
            for shown in compare(before, version, origins):
                finding = shown.finding._replace(commit=version.commit)
                yield version, shown._replace(finding=finding)


def _changes(git: Git, revisions: Sequence[str], paths: Sequence[str]) -> list[Change]:
    """Return the changes that brought versions of *paths*, or of any file, oldest first."""
    if not revisions:
        return []
    wanted = frozenset(paths)
    literal = [f":(top,literal){path}" for path in paths] if len(paths) <= _FEW else []
    changes = changes_of(git, *revisions, "--", *literal)
    return [c for c in changes if c.new and (not wanted or c.path in wanted)]


def _encrypted(git: Git, changes: Sequence[Change]) -> tuple[dict[str, bytes], int]:
    """Return by their ids the contents that *changes* brought and that hold something encrypted.

    And how many contents are not here: a partial clone lacks some, and nothing is fetched.
    """
    found, missing = {}, 0
    for blob, content in git.contents(list(dict.fromkeys(change.new for change in changes))):
        if content is None:
            missing += 1
        elif MARK in content:
            found[blob] = content
    return found, missing


def _mac(content: bytes) -> bytes:
    found = _MAC.findall(content)
    return bytes(found[-1]) if found else b""


def _suspects(
    contents: Mapping[str, bytes], current: Mapping[str, EncryptedFile]
) -> frozenset[bytes]:
    """Return the MACs that different contents have in common."""
    by_mac: dict[bytes, set[bytes]] = {}
    for content in (*contents.values(), *(file.content for file in current.values())):
        by_mac.setdefault(_mac(content), set()).add(content)
    return frozenset(mac for mac, held in by_mac.items() if mac and len(held) > 1)


def _versions(history: Sequence[Change], contents: Mapping[str, bytes]) -> Iterator[Version]:
    for change in history:
        try:
            file = read_encrypted(change.path, contents[change.new])
        except GitOpsSecretsError:
            continue
        if file is not None:
            yield Version(file, change.commit)
