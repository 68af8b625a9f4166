"""What ``verify`` says for people: of the files that it looked at, and of those that ``--fix`` changed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from gitops_secrets.core.sops.keys.recipients import shorten
from gitops_secrets.report.scan.text import render
from gitops_secrets.report.words import count, from_here

if TYPE_CHECKING:
    from gitops_secrets.commands.verify.fix import Outcome
    from gitops_secrets.commands.verify.run import Verified
    from gitops_secrets.core.verify.fixing import Fixed

_NOTES = 5
"""How many notes are printed."""
_SIGNED = "it proves whose key signed the commit, not who wrote the values"


def lines(verified: Verified, way: str) -> list[str]:
    """Return the report, and what was proven; from the folder of its reader, *way* leads to the top."""
    *found, summary = render(verified.outcome, way).splitlines()
    found += [f"note: {note}" for note in verified.notes[:_NOTES]]
    if len(verified.notes) > _NOTES:
        more = len(verified.notes) - _NOTES
        found.append(f"note: and {more} more, all of them with --output json")
    looked_at = verified.outcome.looked_at
    if verified.versions:
        found.append(f"held against {count(verified.versions, 'earlier versions')} in Git")
    if looked_at and verified.keyless:
        found.append("no identity was used: no value was decrypted, and no MAC was computed")
    elif looked_at:
        found.append(_proven(verified, looked_at))
    if verified.signed is not None:
        found.append(f"a signature is needed for {count(verified.signed, 'files')}; {_SIGNED}")
    return [*found, summary]


def _proven(verified: Verified, looked_at: int) -> str:
    """Return what was seen with the identities at hand."""
    opened = looked_at - verified.unopened
    if not opened:
        return f"no identity at hand opens {count(looked_at, 'files')}: no value was decrypted, and no MAC was computed"
    which = ""
    if verified.unopened:
        which = f" that an identity at hand opens, and {count(verified.unopened, 'files')} stayed closed"
    return f"every value decrypts and the MAC fits in {verified.intact} of {opened}{which}; who wrote them is not proven"


def fix_lines(outcome: Outcome, way: str) -> Iterator[str]:
    """Yield a line for each file that was fixed or left, then what verify says of the same files."""
    done = "would fix" if outcome.dry_run else "fixed"
    for fixed in outcome.fixed:
        yield f"{done}: {fixed.path}: {'; '.join(changes(fixed))}"
    for left in outcome.left:
        yield f"left: {left.path}: {left.reason}"
        yield from (f"    hint: {from_here(hint, way)}" for hint in left.hints)
    yield from (f"note: {note}" for note in outcome.notes)
    if outcome.dry_run:
        yield "dry run: nothing was written, and these are the findings as they are"
    yield from lines(outcome.verified, way)


def changes(fixed: Fixed) -> Iterator[str]:
    """Yield what was done to one file."""
    if fixed.encrypted:
        yield f"encrypts {', '.join(fixed.encrypted)}"
    if fixed.added:
        yield f"adds {', '.join(map(shorten, fixed.added))}"
    if fixed.removed:
        yield f"removes {', '.join(map(shorten, fixed.removed))}"
    if fixed.exposed:
        yield f"leaves readable {', '.join(fixed.exposed)}"
    if fixed.fewer_groups:
        yield "needs identities of fewer key groups"
    if not (fixed.encrypted or fixed.removed or fixed.widens):
        yield "encrypts it again by its rule"
