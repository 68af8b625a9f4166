"""``gitops-secrets apply``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gitops_secrets.cli.documents import apply_document
from gitops_secrets.cli.options import (
    UserPath,
    cluster_options,
    dry_run_option,
    output_option,
    repository_option,
    verbose_option,
)
from gitops_secrets.core.repository.filechange import render_diff
from gitops_secrets.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from gitops_secrets.commands.secrets.apply import Outcome


@click.command("apply", short_help="Bring a cluster its identity and its pull Secrets.")
@cluster_options
@click.option(
    "--context", metavar="NAME", help="The kubeconfig's context. [default: the current one]"
)
@click.option("--kubeconfig", type=UserPath(), help="[default: kubectl's]")
@click.option(
    "--age-identity-file",
    type=UserPath(),
    help="The cluster's identity, where it is not in sops' configuration folder.",
)
@click.option("--yes", is_flag=True, help="Do not ask whether this is the cluster that is meant.")
@click.option(
    "--force", is_flag=True, help="Apply a pull Secret's value though somebody else owns it."
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
    dry_run: bool,
    output: str,
    repository: Path,
) -> ExitCode:
    """Bring the cluster its namespace, its identity and its pull Secrets.

    As the last commit has them, decrypted in memory. It only creates and adds: an identity becomes
    an entry of its own beside those that are there, and a Secret that Flux applies is left to Flux.
    """
    from gitops_secrets.adapters.cluster.api import Cluster
    from gitops_secrets.commands.secrets.apply import Request, apply

    unattended = not sys.stdin.isatty() and not dry_run
    if unattended and not (yes and context):
        raise UsageError(
            "without a terminal to ask on, the cluster has to be named and confirmed",
            "--context NAME --yes",
        )

    def confirm(cluster: Cluster) -> bool:
        if yes:
            return True
        click.echo(f"context {cluster.context}, {cluster.server}", err=True)
        answer = click.prompt("Type the context's name to apply", default="", err=True)
        return str(answer).strip() == cluster.context

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
            dry_run=dry_run,
        )
    )
    render = apply_document if output == "json" else _render_text
    click.echo(render(outcome, dry_run=dry_run), nl=False)
    return ExitCode.OK


def _render_text(outcome: Outcome, *, dry_run: bool) -> str:
    would = " (dry run: nothing was changed)" if dry_run else ""
    diff = render_diff([step.change for step in outcome.steps if step.change]) if dry_run else ""
    lines = [diff] if diff else []
    lines += [f"{outcome.context}, {outcome.server}, commit {outcome.revision[:10]}{would}", ""]
    width = max(len(step.object) for step in outcome.steps)
    for step in outcome.steps:
        detail = f"  {step.detail}" if step.detail else ""
        lines.append(f"  {step.object:<{width}}  {step.done:<9}{detail}".rstrip())
    lines += [f"\nnote: {note}" for note in outcome.notes]
    return "\n".join(lines) + "\n"
