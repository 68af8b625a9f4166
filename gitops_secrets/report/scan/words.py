"""What the forms of report share: words that steer no terminal and break no format."""

from __future__ import annotations

from gitops_secrets.core.guard.outcome import Outcome
from gitops_secrets.core.guard.record.finding import Finding

DOCS = "https://github.com/gitops-secrets/gitops-secrets/blob/main/docs/rules.md"


def plain(text: str) -> str:
    """Return *text* with whatever is not printable, or no text at all, written as an escape."""
    return "".join(
        c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode() for c in text
    )


def key_path(finding: Finding) -> str:
    """Return the finding's key path with dots, keys that hold dots in brackets."""
    shown = ""
    for part in finding.key_path:
        if isinstance(part, int):
            shown += f"[{part}]"
        elif "." in part:
            shown += f'["{part}"]'
        else:
            shown += f".{part}" if shown else part
    return plain(shown)


def count(number: int, what: str) -> str:
    """Return "1 staged file", "2 staged files" for the plural *what*."""
    return f"{number} {what if number != 1 else what.removesuffix('s')}"


def summary(outcome: Outcome) -> str:
    """Return the last line of a report: what was looked at, what was found, what is excused."""
    said = [f"looked at {count(outcome.looked_at, outcome.what)}"]
    said.append(count(len(outcome.findings), "findings") if outcome.findings else "nothing found")
    for by, word in (("marker", "inline markers"), ("baseline", "the baseline")):
        excused = sum(i.by == by for i in outcome.ignored)
        if excused:
            said.append(f"{excused} excused by {word}")
    if outcome.unread:
        said.append(f"{len(outcome.unread)} could not be looked at")
    return ", ".join(said)
