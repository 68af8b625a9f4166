"""What the key commands print, for people and for programs."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence

from gitops_secrets.cli.printing.branches import base_of, push_commands, request_lines
from gitops_secrets.commands.recipients.change import Changed, Outcome, Verb
from gitops_secrets.commands.recipients.listing import Reader, Readers
from gitops_secrets.core.repository.commands import registry_command
from gitops_secrets.core.repository.filechange import render_diff
from gitops_secrets.core.repository.layout import ENDINGS
from gitops_secrets.core.sops.keys.recipients import shorten
from gitops_secrets.report.document import render_document
from gitops_secrets.report.words import count


def list_lines(found: Sequence[Readers]) -> list[str]:
    """Return each cluster with its recipients."""
    lines = []
    for one in found:
        lines.append(f"{one.cluster.path}: {count(one.files, 'encrypted files')}")
        lines += (
            f"  {shorten(reader.recipient)}  {_about(reader, one.files)}" for reader in one.readers
        )
    return lines


def _about(reader: Reader, files: int) -> str:
    words = ["cluster" if reader.is_cluster else reader.name or "person"]
    if reader.files != files:
        words.append(f"can decrypt {reader.files} of {files}")
    if not reader.in_rules:
        words.append("in no rule any more")
    if reader.identity_file is not None:
        words.append(f"identity in {reader.identity_file}")
    return ", ".join(words)


def list_document(found: Sequence[Readers]) -> str:
    """Return the same as a document."""
    return render_document(
        "key-list",
        {
            "clusters": [
                {
                    "path": one.cluster.path,
                    "files": one.files,
                    "recipients": [
                        {
                            "recipient": reader.recipient,
                            "name": reader.name,
                            "cluster": reader.is_cluster,
                            "in_rules": reader.in_rules,
                            "files": reader.files,
                            "identity_file": str(reader.identity_file)
                            if reader.identity_file
                            else None,
                        }
                        for reader in one.readers
                    ],
                }
                for one in found
            ]
        },
    )


def change_lines(verb: Verb, recipient: str, outcome: Outcome, *, dry_run: bool) -> list[str]:
    """Return what was done, and what is left to do."""
    lines = [f"note: {outcome.recovered}"] if outcome.recovered else []
    left = [path for changed in outcome.clusters for path in changed.left]
    if left:
        lines.append(
            f"note: {', '.join(left)}: no YAML or JSON, and left as it is; gitops-secrets verify says what helps"
        )
    if not outcome.changes:
        return [*lines, "nothing would change" if dry_run else "everything is in place"]
    if dry_run:
        lines += render_diff(outcome.changes).split("\n")
        lines.append(f"{count(len(outcome.changes), 'files')} would change; nothing was written")
    else:
        files = count(len(outcome.changes), "files")
        commit = (outcome.commit or "")[:10]
        lines.append(f"{shorten(recipient)}: {files} in commit {commit} on {outcome.branch}")
    for changed in outcome.clusters:
        rules = count(changed.rules, "creation rules")
        files = count(len(changed.files), "encrypted files")
        lines.append(f"  {changed.cluster.path}: {rules}, {files}")
    if verb is Verb.REMOVE:
        lines += [
            "",
            "earlier commits can still be decrypted with that key: change the credentials too",
            *(f"  {command}" for c in outcome.clusters for command in _updates(c)),
        ]
    if dry_run:
        return lines
    new = outcome.new_branch
    return [*lines, "", "next:", *push_commands(new), *request_lines(new, ())]


def _updates(changed: Changed) -> list[str]:
    """Return the commands that change the credentials of each pull Secret whose file was encrypted anew."""
    names = dict.fromkeys(
        posixpath.basename(file).removesuffix(ENDINGS[0]) for file in changed.files
    )
    cluster = changed.cluster
    return [
        registry_command("update", [cluster.path], name, "--registry HOST:PORT")
        for name in names
        if cluster.secret_file(name) in changed.files
    ]


def change_document(verb: Verb, outcome: Outcome, *, dry_run: bool) -> str:
    """Return the same as a document."""
    return render_document(
        f"key-{verb}",
        {
            "dry_run": dry_run,
            "branch": outcome.branch,
            "base": base_of(outcome.new_branch),
            "commit": outcome.commit,
            "recovered": outcome.recovered,
            "changes": [{"path": c.path, "change": c.verb} for c in outcome.changes],
            "clusters": [
                {"path": c.cluster.path, "rules": c.rules, "files": c.files, "left": c.left}
                for c in outcome.clusters
            ],
        },
    )
