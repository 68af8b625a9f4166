"""``gitops-secrets registry list``."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import click

from gitops_secrets.cli.options.clusters import Common, common_options
from gitops_secrets.cli.options.credentials import secret_option
from gitops_secrets.cli.printing.progress import steps
from gitops_secrets.cli.printing.say import answer, tell
from gitops_secrets.core.sops.keys.recipients import shorten
from gitops_secrets.errors import ExitCode

if TYPE_CHECKING:
    from gitops_secrets.commands.registry.listing import Entry, Inventory, Listed

_SHOWN = 5
"""How many uses of a registry are printed: a registry can serve hundreds of workloads."""


@click.command("list", short_help="List the registries of the pull Secrets, without passwords.")
@secret_option
@partial(common_options, forms=("text", "json", "openmetrics"))
def list_command(*, common: Common) -> ExitCode:
    """List the registries of the pull Secrets, who uses each and who else holds it.

    By default of every cluster. No password is shown. Without an identity that decrypts, only what is
    readable is listed: the Secret, its readers and its last change.

    \b
    gitops-secrets registry list --output openmetrics > /var/lib/node_exporter/textfile/registries.prom
    """  # noqa: D301
    from gitops_secrets.cli.registry.documents import list_document, list_metrics
    from gitops_secrets.commands.registry.listing import Request, list_registries

    with steps() as step:
        found = list_registries(
            Request(
                repository=common.repository,
                paths=common.paths,
                secret=common.secret,
                identity_file=common.identity_file,
                progress=step,
            )
        )
    if common.output == "openmetrics":
        tell(*list_metrics(found.secrets))
        return ExitCode.OK
    answer(common.output, lambda: list_document(found), lambda: _lines(found))
    return ExitCode.OK


def _lines(found: Inventory) -> list[str]:
    readable = [f"{one.place}: {one.words}: {one.fix}" for one in found.readable]
    if not found.secrets:
        return readable or ["no pull Secret: gitops-secrets bootstrap makes one"]
    listed = [line for number, one in enumerate(found.secrets) for line in _of_one(one, number)]
    return [*listed, *([""] if readable else []), *readable]


def _of_one(listed: Listed, number: int) -> list[str]:
    secret, last = listed.secret, listed.last_change
    lines = [""] if number else []
    lines.append(f"{secret.cluster.path}: Secret {secret.namespace}/{secret.name} in {secret.path}")
    if last is not None:
        lines.append(f"  last change {last.commit[:10]}, {last.date}, {last.author}")
    if listed.uncommitted:
        lines.append("  not committed yet, or changed since")
    if listed.entries is None:
        return [
            *lines,
            "  registries not shown: no identity on this machine decrypts it",
            *(f"  reader {shorten(recipient)}" for recipient in listed.recipients),
        ]
    return [*lines, *(line for entry in listed.entries for line in _entry(entry))]


def _entry(entry: Entry) -> list[str]:
    rows = [("user", entry.user)]
    if entry.provider is not None:
        rows.append(("provider", entry.provider))
    if entry.expiry is not None:
        rows.append(("expiry", entry.expiry))
    shown = entry.uses[:_SHOWN]
    rows += [("used by", f"{use.kind} {use.reference} of {use.object}") for use in shown]
    if len(entry.uses) > _SHOWN:
        rows.append(("", f"and {len(entry.uses) - _SHOWN} more, all of them with --output json"))
    if not entry.uses:
        rows.append(("used by", "nothing in this repository"))
    for holder in entry.others:
        other = holder.secret
        which = "the same credentials" if holder.same else "other credentials"
        where = f"{other.cluster.path}: {other.namespace}/{other.name}, {which}"
        rows.append(("also in", where))
    before = ""
    lines = [f"  {entry.key}"]
    for label, value in rows:
        lines.append(f"    {label if label != before else '':<10}{value}")
        before = label
    return lines
