"""What bootstrap prints when it is done."""

from __future__ import annotations

import shlex

from gitops_secrets.cli.printing.branches import push_commands, request_lines, way_back
from gitops_secrets.commands.bootstrap.model import ClusterOutcome, Outcome, notes_of_accounts
from gitops_secrets.core.repository.filechange import render_diff
from gitops_secrets.core.sops.keys.recipients import shorten
from gitops_secrets.report.words import count

_TO_COME = "age1..."
"""A recipient that is not made yet."""
_LATER = "comes with a second commit: if one commit brought it and its decryption, Flux would apply neither"


def text_lines(outcome: Outcome, *, dry_run: bool, again: str) -> list[str]:
    """Return what was done, what to back up, and the next commands with their exact lines.

    *again* is the command that makes the second of two commits.
    """
    lines = [f"note: {outcome.recovered}"] if outcome.recovered else []
    if dry_run:
        return _plan(outcome)
    lines.append(_headline(outcome))
    for cluster in outcome.clusters:
        lines += ["", *_cluster(cluster)]
    for cluster in outcome.clusters:
        for note in _notes(cluster) if outcome.changes else _of_namespaces(cluster):
            lines += ["", f"note: {note}"]
    return lines + _backup(outcome) + _next(outcome, again)


def _plan(outcome: Outcome) -> list[str]:
    if not outcome.changes:
        notes = (note for cluster in outcome.clusters for note in _of_namespaces(cluster))
        return ["nothing would change", *(f"note: {note}" for note in notes)]
    shown = render_diff(outcome.changes)
    for cluster in outcome.clusters:
        if cluster.identity.is_new:
            # The run makes its own: this one is forgotten.
            shown = shown.replace(cluster.identity.recipient, _TO_COME)
    lines = shown.split("\n")
    lines.append(f"{count(len(outcome.changes), 'files')} would change; nothing was written")
    lines += [
        f"a new identity for {c.cluster.path} would be stored in {c.identity.file}"
        for c in outcome.clusters
        if c.identity.is_new
    ]
    lines += [f"note: {note}" for c in outcome.clusters for note in _notes(c)]
    lines += [
        f"the Secret of {c.cluster.path} {_LATER}" for c in outcome.clusters if c.decryption_only
    ]
    return lines


def _notes(outcome: ClusterOutcome) -> tuple[str, ...]:
    return (*outcome.wired.notes, *_of_namespaces(outcome), *notes_of_accounts(outcome.namespaces))


def _of_namespaces(outcome: ClusterOutcome) -> tuple[str, ...]:
    """Return what is still to be done for other namespaces, which a run that changes nothing repeats."""
    return tuple(note for other in outcome.namespaces for note in other.notes)


def _headline(outcome: Outcome) -> str:
    paths = ", ".join(c.cluster.path for c in outcome.clusters)
    waiting = ", ".join(c.cluster.path for c in outcome.clusters if c.decryption_only)
    if not outcome.changes and waiting:
        return f"{waiting}: the first of two commits is in place, and the Secret waits until Flux decrypts"
    if not outcome.changes:
        tail = ", pushed" if outcome.pushed else ""
        if outcome.uncommitted:
            tail = f", but not committed yet: {', '.join(outcome.uncommitted)}"
        return f"{paths}: everything is in place{tail}"
    files = count(len(outcome.changes), "files")
    if outcome.commit is None:
        return f"{paths}: {files} written, not committed"
    pushed = ", pushed" if outcome.pushed else ""
    return f"{paths}: {files} in commit {outcome.commit[:10]} on {outcome.branch}{pushed}"


def _cluster(outcome: ClusterOutcome) -> list[str]:
    found = outcome.registries
    registries = [f"{key} (new)" for key in found.added]
    registries += [f"{key} (changed)" for key in found.updated]
    registries += list(found.unchanged)
    recipients = [
        f"{shorten(r.value)} ({'cluster' if r.cluster else 'person'})" for r in outcome.recipients
    ]
    if outcome.decryption_only:
        where = _LATER
    else:
        where = f"{outcome.namespace}/{outcome.secret_name} in {outcome.secret_file}"
    rows = [
        ("Secret", [where]),
        ("registries", registries),
        ("readers", recipients),
    ]
    if outcome.wired.service_accounts:
        rows.append(("pulled by", [", ".join(outcome.wired.service_accounts)]))
    for other in outcome.namespaces:
        rows.append(("Secret", [f"{other.namespace}/{outcome.secret_name} in {other.secret_file}"]))
        if set(other.recipients) != {r.value for r in outcome.recipients}:
            rows.append(("readers", [shorten(value) for value in other.recipients]))
        if other.accounts:
            rows.append(("pulled by", [", ".join(other.accounts)]))
    if outcome.sources:
        rows.append(("sources", list(outcome.sources)))
    if outcome.identity.file is not None:
        new = " (new)" if outcome.identity.is_new else ""
        rows.append(("identity", [f"{outcome.identity.file}{new}"]))
    return [
        f"  {label if number == 0 else '':<11}{value}"
        for label, values in rows
        for number, value in enumerate(values)
    ]


def _backup(outcome: Outcome) -> list[str]:
    lines = []
    for cluster in outcome.clusters:
        if not cluster.identity.is_new:
            continue
        lines += ["", f"back up now, outside Git: {cluster.identity.file}"]
        if len(cluster.recipients) == 1:
            lines.append(
                "  only this identity decrypts the Secret: if it is lost, the values are lost; --age-recipient adds a second reader"
            )
        lines.append(
            f"  for plain sops: export SOPS_AGE_KEY_FILE={shlex.quote(str(cluster.identity.file))}"
        )
    return lines


def _next(outcome: Outcome, again: str) -> list[str]:
    lines = ["", "next:"]
    if outcome.uncommitted:
        files = " ".join(map(shlex.quote, outcome.uncommitted))
        lines.append(f"  git add -- {files} && git commit")
    waits = any(cluster.decryption_only for cluster in outcome.clusters)
    if not (outcome.changes or outcome.uncommitted or waits):
        return []
    # The cluster has the identity before Flux sees what it has to decrypt: no back-off in between.
    paths = {shlex.quote(cluster.cluster.path): cluster for cluster in outcome.clusters}
    changed = {change.path for change in outcome.changes}
    lines += [
        f"  gitops-secrets apply --path {path} --context CONTEXT"
        for path, cluster in paths.items()
        if cluster.secret_file in changed or cluster.decryption_only or outcome.uncommitted
    ]
    if not outcome.guarded:
        lines.append("  gitops-secrets hooks install")
    if not outcome.pushed:
        lines += push_commands(outcome.new_branch)
    base = outcome.new_branch.base if outcome.new_branch is not None else outcome.branch
    lines += [
        f"  flux bootstrap git --path {path} --url URL --branch {shlex.quote(base)}"
        for path, cluster in paths.items()
        if not cluster.wired.installation.bootstrapped
    ]
    if waits:
        namespaces = {c.namespace for c in outcome.clusters if c.decryption_only}
        lines += [
            f"  flux --context CONTEXT -n {namespace} reconcile kustomization {namespace} --with-source"
            for namespace in sorted(namespaces)
        ]
        lines.append(f"  {again} --context CONTEXT")
    if outcome.commit is not None and outcome.follows and not outcome.pushed:
        back = way_back(outcome.new_branch)
        lines += ["", f"to take the commit back before it is pushed: {back}"]
    if lines[-1] == "next:":
        lines = []
    return lines + request_lines(outcome.new_branch, outcome.addresses)
