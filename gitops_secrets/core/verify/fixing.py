"""Which files ``verify --fix`` brings to their creation rules, which it leaves, and what it changed in one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from gitops_secrets.core.guard.record.finding import Finding, Severity
from gitops_secrets.core.repository.layout import CONFIG
from gitops_secrets.core.sops.manifest import Manifest
from gitops_secrets.core.verify.checks import by_path, dotted

FIXABLE = frozenset(
    {
        "readable-value",
        "readable-secret",
        "unencrypted-secret",
        "nothing-encrypted",
        "encrypted-kind",
        "recipients",
        "rule",
    }
)
"""Findings that go away once a file is encrypted as its creation rule says."""
ANEW = frozenset({"readable-secret", "nothing-encrypted", "encrypted-kind", "rule"})
"""Those of them for which the rule in the file's own ``sops`` block has to change."""
_BESIDE = frozenset({"no-rule"})
"""Findings that stay, and do not stand in the way."""
_COMMENT = b"#ENC["


class Repair(NamedTuple):
    """A file that is to be brought to its creation rule, and the findings because of which."""

    path: str
    findings: tuple[str, ...]


class Left(NamedTuple):
    """A file that stays as it is, and why."""

    path: str
    reason: str
    hints: tuple[str, ...] = ()


class Fixed(NamedTuple):
    """What changed in one file, by what both versions show without a key."""

    path: str
    findings: tuple[str, ...]
    encrypted: tuple[str, ...] = ()
    """The values that were readable."""
    added: tuple[str, ...] = ()
    """The recipients who can decrypt it now."""
    removed: tuple[str, ...] = ()
    exposed: tuple[str, ...] = ()
    """What was encrypted, and everybody can read now."""
    fewer_groups: bool = False
    """Whether identities of fewer key groups decrypt it now."""

    @property
    def widens(self) -> bool:
        """Whether somebody can read what only others could."""
        return bool(self.added or self.exposed or self.fewer_groups)


def sort_out(
    findings: Iterable[Finding], excused: Iterable[Finding]
) -> tuple[tuple[Repair, ...], tuple[Left, ...]]:
    """Return what to fix and what to leave, by *findings* and by those that a marker excuses.

    A file with any finding that is not about its rule is left: encrypted anew, what other hands changed in it
    would get a MAC that fits. A marker does not help, since it is in the file that may have been changed. That
    a value is readable may be reported as tampering too. The MAC of the other values, which is checked before
    the file is encrypted, says whether this value was added, or replaces one that was encrypted.
    """
    reported, silenced = by_path(findings), by_path(excused)
    repairs, left = list[Repair](), list[Left]()
    for path, every in sorted(reported.items()):
        if path.rpartition("/")[2] == CONFIG:
            continue
        readable = {finding.position for finding in every if finding.rule == "readable-value"}
        of_path = [f for f in every if f.rule != "tampered" or f.position not in readable]
        names = dict.fromkeys(finding.rule for finding in of_path)
        wanted = tuple(name for name in names if name in FIXABLE)
        others = [name for name in names if name not in FIXABLE | _BESIDE]
        is_wrong = any(f.severity is Severity.ERROR and f.rule in others for f in of_path)
        hidden = dict.fromkeys(finding.rule for finding in silenced.get(path, ()))
        if others and (wanted or is_wrong):
            left.append(Left(path, f"it is reported as {', '.join(others)}"))
        elif wanted and hidden:
            left.append(Left(path, f"a marker in it excuses {', '.join(hidden)}"))
        elif wanted:
            repairs.append(Repair(path, wanted))
    return tuple(repairs), tuple(left)


def difference(repair: Repair, before: Manifest, after: Manifest, read: Manifest | None) -> Fixed:
    """Return what changed from *before*, readable or encrypted, to the encrypted *after*.

    *read* is the encrypted version whose readers are compared; None if everybody could read the file.
    """
    was = _states(before)
    states = _states(after)
    encrypted = [path for path, state in states.items() if state and was.get(path) is False]
    exposed = [path for path, state in states.items() if state is False and was.get(path)]
    comments = before.content.count(_COMMENT) - after.content.count(_COMMENT)
    fixed = Fixed(
        repair.path,
        repair.findings,
        encrypted=tuple(dict.fromkeys(dotted(path) for _, path in encrypted)),
        exposed=(
            *dict.fromkeys(dotted(path) for _, path in exposed),
            *(["comments"] if comments > 0 else []),
        ),
    )
    old, new = read.metadata if read is not None else None, after.metadata
    if read is None or old is None or new is None or read.is_empty_shell:
        return fixed
    return fixed._replace(
        added=tuple(r for r in new.recipients if r not in old.recipients),
        removed=tuple(r for r in old.recipients if r not in new.recipients),
        fewer_groups=new.needed < old.needed,
    )


def _states(manifest: Manifest) -> dict[tuple[int, tuple[str | int, ...]], bool]:
    """Return whether each value that is not empty is encrypted, by its document and path."""
    return {
        (number, value.path): value.encrypted
        for number, document in enumerate(manifest.documents)
        for value in document.values
        if not value.empty
    }
