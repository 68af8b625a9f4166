"""``gitops-secrets attach``."""

from __future__ import annotations

from pathlib import Path

import click

from gitops_secrets.cli.bootstrap.shared import (
    AccountName,
    ask_shadowed,
    commit_message,
    commit_options,
    kept_shadowed,
    refuse_without_commit,
    shadowed_option,
)
from gitops_secrets.cli.options.shared import (
    cluster_options,
    dry_run_option,
    identity_option,
    output_option,
    repository_option,
    verbose_option,
)
from gitops_secrets.cli.printing.progress import steps
from gitops_secrets.cli.printing.say import answer
from gitops_secrets.errors import ExitCode, UsageError


@click.command("attach", short_help="Let the pods of other namespaces pull.")
@click.argument(
    "accounts",
    metavar="NAMESPACE[/SERVICEACCOUNT]...",
    nargs=-1,
    type=AccountName(),
)
@click.option(
    "--all-namespaces",
    is_flag=True,
    help="Every namespace that Git makes in the cluster. Recorded, so that doctor names those that come later.",
)
@click.option(
    "--resourceset",
    "resource_set",
    is_flag=True,
    help="Have the Flux Operator copy the Secret, in place of an encrypted file for each namespace.",
)
@click.option(
    "--source",
    "sources",
    multiple=True,
    metavar="KIND/NAME[.NAMESPACE]",
    help="A source of Flux that is to log in with the Secret: OCIRepository, HelmRepository, ImageRepository, or "
    "the FluxInstance. Can be repeated.",
)
@click.option(
    "--image-pull-secret",
    metavar="NAME",
    default="",
    help="The pull Secret of the cluster. [default: the only one]",
)
@cluster_options
@identity_option
@shadowed_option
@commit_options
@dry_run_option
@output_option
@repository_option
@verbose_option
def attach_command(
    *,
    accounts: tuple[tuple[str, str], ...],
    all_namespaces: bool,
    resource_set: bool,
    sources: tuple[str, ...],
    image_pull_secret: str,
    paths: tuple[str, ...],
    all_clusters: bool,
    age_identity_file: Path | None,
    shadowed_recipients: str | None,
    message: str | None,
    message_prefix: str | None,
    trailers: tuple[str, ...],
    no_commit: bool,
    branch: str | None,
    push: bool,
    dry_run: bool,
    output: str,
    repository: Path,
) -> ExitCode:
    """Give other namespaces and sources the pull Secret that bootstrap made, in one commit.

    Each namespace gets an encrypted copy in a folder of its own, and a Kustomization of Flux that decrypts
    it. A namespace that is not there yet holds back no other. The ServiceAccount, by default the one named
    default, gets the Secret as imagePullSecrets, so that its pods pull with it.

    A source of Flux gets the Secret as its secretRef, and its namespace a copy.

    \b
    gitops-secrets attach team-a team-b/builder --path clusters/prod
    gitops-secrets attach --source OCIRepository/podinfo.team-b --path clusters/prod
    """  # noqa: D301
    if not (accounts or all_namespaces or sources):
        raise UsageError(
            "no namespace and no source is named",
            "NAMESPACE[/SERVICEACCOUNT], --all-namespaces, or --source KIND/NAME.NAMESPACE",
        )
    refuse_without_commit(no_commit=no_commit, push=push, branch=branch)
    from gitops_secrets.adapters.git.opening import begin_open

    open_repository = begin_open(repository)
    from gitops_secrets.cli.bootstrap.text import text_lines
    from gitops_secrets.cli.printing.documents import attach_document
    from gitops_secrets.commands.bootstrap.model import Request
    from gitops_secrets.commands.bootstrap.run import bootstrap
    from gitops_secrets.core.wiring.sources import parse_source

    with steps() as step:
        outcome = bootstrap(
            Request(
                open_repository=open_repository,
                groups=(),
                secret=image_pull_secret,
                accounts=accounts,
                all_namespaces=all_namespaces,
                resource_set=resource_set,
                sources=[parse_source(value) for value in sources],
                attach=True,
                paths=paths,
                all_clusters=all_clusters,
                identity_file=age_identity_file,
                keep_shadowed=kept_shadowed(shadowed_recipients),
                ask_shadowed=ask_shadowed,
                commit=not no_commit,
                message=commit_message(message, message_prefix, trailers),
                branch=branch,
                push=push,
                dry_run=dry_run,
                progress=step,
            )
        )
    answer(
        output,
        lambda: attach_document(outcome, dry_run=dry_run),
        lambda: text_lines(outcome, dry_run=dry_run, again=""),
    )
    return ExitCode.OK


COMMAND, ORDER = attach_command, 20
