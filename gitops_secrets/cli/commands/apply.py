"""``gitops-secrets apply``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gitops_secrets.cli.options.completions import contexts
from gitops_secrets.cli.options.shared import (
    UserPath,
    cluster_options,
    dry_run_option,
    output_option,
    repository_option,
    verbose_option,
)
from gitops_secrets.cli.printing.documents import apply_document
from gitops_secrets.cli.printing.exposed import checked_identity
from gitops_secrets.cli.printing.progress import clear, steps
from gitops_secrets.cli.printing.say import answer
from gitops_secrets.core.repository.filechange import render_diff
from gitops_secrets.errors import ExitCode, UsageError
from gitops_secrets.report.words import plain

if TYPE_CHECKING:
    from gitops_secrets.commands.secrets.apply import Outcome
    from gitops_secrets.commands.secrets.pruning import Leftover


@click.command("apply", short_help="Bring a cluster its identity and its pull Secrets.")
@cluster_options
@click.option(
    "--context",
    metavar="NAME",
    shell_complete=contexts,
    help="The context of the kubeconfig. [default: the current one]",
)
@click.option("--kubeconfig", type=UserPath(), help="The kubeconfig file. [default: as kubectl]")
@click.option(
    "--age-identity-file",
    type=UserPath(),
    callback=checked_identity,
    help="The identity of the cluster, if it is not in the sops configuration folder.",
)
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@click.option(
    "--force",
    is_flag=True,
    help="Apply the value of a pull Secret even if another manager owns it.",
)
@click.option(
    "--prune",
    is_flag=True,
    help="Also delete Secrets and identities of this tool that Git no longer has.",
)
@dry_run_option
@output_option
@repository_option
@verbose_option
def apply_command(
    *,
    paths: tuple[str, ...],
    all_clusters: bool,
    context: str | None,
    kubeconfig: Path | None,
    age_identity_file: Path | None,
    yes: bool,
    force: bool,
    prune: bool,
    dry_run: bool,
    output: str,
    repository: Path,
) -> ExitCode:
    """Bring the cluster its namespace, its identity and its pull Secrets.

    Applies the last commit, decrypted in memory. It only creates and adds: the identity becomes
    another entry beside existing ones, and a Secret that Flux applies is left to Flux.

    With --prune it then lists what Git had and no longer has, asks, and deletes it: only what this tool
    made, that Flux no longer applies and that nothing in its namespace names.
    """
    from gitops_secrets.adapters.cluster.api import Cluster
    from gitops_secrets.commands.secrets.apply import Request, apply

    unattended = not sys.stdin.isatty() and not dry_run
    if unattended and not (yes and context):
        raise UsageError(
            "without a terminal, --context and --yes are required",
            "--context NAME --yes",
        )

    def confirm(cluster: Cluster) -> bool:
        if yes:
            return True
        clear()
        click.echo(f"context {cluster.context}, {cluster.server}", err=True)
        answer = click.prompt("Type the name of the context to apply", default="", err=True)
        return str(answer).strip() == cluster.context

    def confirm_deletion(cluster: Cluster, leftovers: Sequence[Leftover]) -> bool:
        if yes:
            return True
        clear()
        click.echo(f"to be deleted from context {cluster.context}, {cluster.server}:", err=True)
        for leftover in leftovers:
            click.echo(f"  {plain(leftover.shown)}", err=True)
        return click.confirm("Delete?", err=True)

    with steps() as step:
        outcome = apply(
            Request(
                repository=repository,
                paths=paths,
                all_clusters=all_clusters,
                context=context,
                kubeconfig=kubeconfig,
                identity_file=age_identity_file,
                confirm=confirm,
                force=force,
                prune=prune,
                confirm_deletion=confirm_deletion,
                dry_run=dry_run,
                progress=step,
            )
        )
    answer(
        output,
        lambda: apply_document(outcome, dry_run=dry_run),
        lambda: _lines(outcome, dry_run=dry_run),
    )
    return ExitCode.OK


def _lines(outcome: Outcome, *, dry_run: bool) -> list[str]:
    would = " (dry run: nothing was changed)" if dry_run else ""
    diff = render_diff([step.change for step in outcome.steps if step.change]) if dry_run else ""
    lines = diff.split("\n") if diff else []
    lines += [f"{outcome.context}, {outcome.server}, commit {outcome.revision[:10]}{would}", ""]
    width = max(len(step.object) for step in outcome.steps)
    for step in outcome.steps:
        detail = f"  {step.detail}" if step.detail else ""
        lines.append(f"  {step.object:<{width}}  {step.done:<9}{detail}".rstrip())
    return lines + [line for note in outcome.notes for line in ("", f"note: {note}")]


COMMAND, ORDER = apply_command, 30
