"""What the registry commands print for people."""

from __future__ import annotations

import shlex

from gitops_secrets.cli.printing.branches import push_commands, request_lines
from gitops_secrets.commands.registry.change import Changed, Outcome
from gitops_secrets.commands.registry.edits import Verb
from gitops_secrets.core.registry.proof import Proof
from gitops_secrets.core.repository.filechange import render_diff
from gitops_secrets.report.proofs import hint, sentence
from gitops_secrets.report.words import count


def change_lines(verb: Verb, outcome: Outcome, *, dry_run: bool) -> list[str]:
    """Return what was done to the pull Secrets, and the next commands."""
    if dry_run:
        if not outcome.changes:
            return ["nothing would change"]
        files = count(len(outcome.changes), "files")
        return [
            *render_diff(outcome.changes).split("\n"),
            f"{files} would change; nothing was written",
            *(line for changed in outcome.clusters for line in _cluster(changed)),
        ]
    lines = [f"note: {outcome.recovered}"] if outcome.recovered else []
    lines.append(_headline(outcome))
    for changed in outcome.clusters:
        lines += ["", *_cluster(changed)]
    if outcome.proofs:
        lines += ["", *(line for proof in outcome.proofs for line in _proof(proof))]
    if outcome.changes and verb is Verb.REMOVE:
        lines += _what_remains(outcome)
    if outcome.changes:
        lines += ["", "next:", *push_commands(outcome.new_branch)]
        lines += request_lines(outcome.new_branch, ())
    return lines


def _headline(outcome: Outcome) -> str:
    paths = ", ".join(dict.fromkeys(changed.place.cluster.path for changed in outcome.clusters))
    if outcome.commit is None:
        tail = ""
        if outcome.uncommitted:
            tail = f", but not committed yet: {', '.join(outcome.uncommitted)}"
        return f"{paths}: everything is in place{tail}"
    files = count(len(outcome.changes), "files")
    return f"{paths}: {files} in commit {outcome.commit[:10]} on {outcome.branch}"


def _cluster(changed: Changed) -> list[str]:
    place, found = changed.place, changed.registries
    registries = [
        *(f"{key} (new)" for key in found.added),
        *(f"{key} (changed)" for key in found.updated),
        *found.unchanged,
        *(f"{key} (removed)" for key in found.removed),
    ]
    return [
        f"  {'Secret':<11}{place.namespace}/{place.name} in {place.path}",
        *(
            f"  {'registries' if number == 0 else '':<11}{registry}"
            for number, registry in enumerate(registries)
        ),
    ]


def _proof(proof: Proof) -> list[str]:
    word = "proven" if proof.is_good else "not proven"
    return [
        f"{proof.key}: {word}: {sentence(proof)}",
        *(f"  hint: {w}" for w in [hint(proof, "--image")] if w),
    ]


def _what_remains(outcome: Outcome) -> list[str]:
    """Return where the removed credentials still are: a commit takes them from nowhere but the next commit."""
    lines = [
        "",
        "the clusters still have them until Flux applies this commit; to see what a cluster has, and to reconcile:",
    ]
    for changed in outcome.clusters:
        place = changed.place
        kubectl = f"kubectl --context CONTEXT -n {place.namespace}"
        lines += [
            f"  {kubectl} get secret {place.name} -o jsonpath='{{.data.\\.dockerconfigjson}}' | base64 -d | jq '.auths | keys'",
            f"  flux --context CONTEXT -n {place.applied_in} reconcile kustomization {shlex.quote(place.applied_by)} --with-source",
        ]
    empty = [
        c.place for c in outcome.clusters if not (c.registries.updated or c.registries.unchanged)
    ]
    if empty:
        lines.append(
            "nothing pulls with an empty Secret; to take it out of Git, and then out of the cluster:"
        )
        files = dict.fromkeys(shlex.quote(place.path) for place in empty)
        paths = dict.fromkeys(shlex.quote(place.cluster.path) for place in empty)
        lines.append(f"  git rm {' '.join(files)}")
        lines += [
            f"  gitops-secrets apply --prune --path {path} --context CONTEXT" for path in paths
        ]
    return [
        *lines,
        "earlier commits still hold them, encrypted, and they are valid until they are revoked at the registry",
    ]
