"""``gitops-secrets bootstrap``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gitops_secrets.cli.bootstrap.help import BootstrapCommand
from gitops_secrets.cli.bootstrap.shared import (
    ask_shadowed,
    commit_message,
    commit_options,
    for_option,
    kept_shadowed,
    refuse_without_commit,
    shadowed_option,
)
from gitops_secrets.cli.options.completions import contexts
from gitops_secrets.cli.options.credentials import registry_option, source_options
from gitops_secrets.cli.options.registries import (
    ORDERED,
    Given,
    credential_sources,
    read_groups,
    resumed,
)
from gitops_secrets.cli.options.shared import (
    UserPath,
    cluster_options,
    dry_run_option,
    output_option,
    repository_option,
    verbose_option,
)
from gitops_secrets.cli.printing.progress import steps
from gitops_secrets.cli.printing.say import answer
from gitops_secrets.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from gitops_secrets.core.flux.objects import Source


@click.command("bootstrap", cls=BootstrapCommand)
@registry_option(
    "A registry. The credential source that follows belongs to it. Can be repeated. "
    "[default: the private registry of the images in gotk-components.yaml]"
)
@source_options
@click.option(
    "--image-pull-secret", metavar="NAME", help="The name of the pull Secret, for example regcred."
)
@for_option
@cluster_options
@click.option(
    "--new-cluster",
    is_flag=True,
    help="Take --path for one more cluster, though Flux reads nothing there yet.",
)
@click.option("--namespace", metavar="NAME", help="The namespace of Flux. [default: flux-system]")
@click.option(
    "--source",
    metavar="KIND/NAME",
    help="The source of Flux, if there is no gotk-sync.yaml yet. [default: GitRepository/flux-system]",
)
@click.option(
    "--flavour",
    type=click.Choice(["flux-bootstrap", "flux-operator", "external"]),
    help="What installs Flux. external: something outside Git, whose ServiceAccounts you give the pull "
    "Secret yourself. [default: what the repository shows, else flux-bootstrap]",
)
@click.option(
    "--folder",
    metavar="FOLDER",
    help="The folder that is to hold pull-secrets/. [default: the first on the way to --path that Flux "
    "fetches, from the repository's top on]",
)
@click.option(
    "--layout",
    type=click.Choice(["separate", "inline"]),
    help="separate: a Kustomization of its own decrypts the pull Secrets. inline: the one of Flux "
    "does, below --path. [default: the layout that the cluster has, else separate]",
)
@click.option(
    "--resume",
    is_flag=True,
    help="Make the second commit of --layout inline, after Flux decrypts. --context checks that it does.",
)
@click.option(
    "--context",
    "kube_context",
    metavar="NAME",
    shell_complete=contexts,
    help="With --resume: the kubeconfig context of the cluster.",
)
@click.option(
    "--kubeconfig",
    type=click.Path(path_type=Path),
    help="With --resume: the kubeconfig file. [default: as kubectl]",
)
@click.option(
    "--age-recipient",
    "age_recipients",
    multiple=True,
    metavar="AGE1...",
    help="Another recipient that can decrypt the Secret, beside the cluster. Can be repeated.",
)
@click.option(
    "--age-identity-file",
    type=UserPath(),
    help="The file with the identity of the cluster, or for a new one. Outside every repository.",
)
@shadowed_option
@commit_options
@dry_run_option
@output_option
@repository_option
@verbose_option
@click.pass_context
def bootstrap_command(
    context: click.Context,
    /,
    *,
    short_lived: bool,
    image_pull_secret: str | None,
    accounts: tuple[tuple[str, str], ...],
    paths: tuple[str, ...],
    all_clusters: bool,
    namespace: str | None,
    source: str | None,
    flavour: str | None,
    layout: str | None,
    new_cluster: bool,
    folder: str | None,
    resume: bool,
    kube_context: str | None,
    kubeconfig: Path | None,
    age_recipients: tuple[str, ...],
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
    """Give Flux its registry credentials, encrypted, in one commit.

    Creates the image-pull Secret, encrypts it for the cluster's own age identity, configures
    decryption and ServiceAccounts of Flux, and commits everything at once. Idempotent: the same
    command again changes nothing, and a new password changes three lines.

    \b
    gitops-secrets bootstrap --path clusters/prod --image-pull-secret regcred \\
        --registry registry.example.com:5000 --registry-creds-env REGISTRY_CREDS

    Without a credential source, you are asked for the user name and password.
    """  # noqa: D301
    given: tuple[Given, ...] = context.meta[ORDERED]
    groups = read_groups(given)
    if not image_pull_secret:
        raise UsageError("--image-pull-secret is missing", "--image-pull-secret regcred")
    if kube_context is not None and not resume:
        raise UsageError(
            "--context needs --resume: nothing else here contacts a cluster",
            "after the commit: gitops-secrets apply --context NAME",
        )
    refuse_without_commit(no_commit=no_commit, push=push, branch=branch)
    sources = credential_sources(groups, short_lived=short_lived)
    # Git answers while the rest is imported; it is started once the sources' variables are withheld.
    from gitops_secrets.adapters.git.opening import begin_open

    open_repository = begin_open(repository)
    from gitops_secrets.cli.bootstrap.text import text_lines
    from gitops_secrets.cli.printing.documents import bootstrap_document
    from gitops_secrets.commands.bootstrap.model import Request
    from gitops_secrets.commands.bootstrap.run import bootstrap

    with steps() as step:
        outcome = bootstrap(
            Request(
                open_repository=open_repository,
                groups=sources,
                secret=image_pull_secret,
                accounts=accounts,
                paths=paths,
                all_clusters=all_clusters,
                new_cluster=new_cluster,
                namespace=namespace,
                source=_flux_source(source) if source else None,
                flavour=flavour,
                layout=layout,
                folder=folder,
                resume=resume,
                context=kube_context,
                kubeconfig=kubeconfig,
                age_recipients=age_recipients,
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
    again = resumed("bootstrap", context.command, given)
    answer(
        output,
        lambda: bootstrap_document(outcome, dry_run=dry_run),
        lambda: text_lines(outcome, dry_run=dry_run, again=again),
    )
    return ExitCode.OK


def _flux_source(text: str) -> Source:
    from gitops_secrets.core.flux.objects import Source

    kind, slash, name = text.partition("/")
    if not slash or kind not in ("GitRepository", "OCIRepository", "Bucket") or not name:
        raise UsageError(
            "--source is KIND/NAME of a Flux source", "--source GitRepository/flux-system"
        )
    return Source(kind, name)


COMMAND, ORDER = bootstrap_command, 10
