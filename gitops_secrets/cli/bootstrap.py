"""``gitops-secrets bootstrap``."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gitops_secrets.cli.options import (
    UserPath,
    cluster_options,
    dry_run_option,
    output_option,
    repository_option,
    verbose_option,
)
from gitops_secrets.cli.registry_groups import (
    ORDERED,
    Given,
    GroupedCommand,
    credential_sources,
    read_groups,
    resumed,
)
from gitops_secrets.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from gitops_secrets.core.flux.objects import Source
    from gitops_secrets.core.repository.layout import Cluster
    from gitops_secrets.core.sops.creationrules import CreationRule


@click.command("bootstrap", cls=GroupedCommand)
@click.option(
    "--registry",
    expose_value=False,
    multiple=True,
    metavar="HOST[:PORT]",
    help="A registry; the credential source behind it is its own. May be repeated. "
    "[default: the private one that gotk-components.yaml's images come from]",
)
@click.option(
    "--scope",
    expose_value=False,
    multiple=True,
    type=click.Choice(["host", "path"]),
    help="After a --registry: key it by its host, or by its path too as flux does. [default: host]",
)
@click.option(
    "--registry-creds-stdin",
    expose_value=False,
    is_flag=True,
    help="USER:PASSWORD on standard input, less one trailing newline.",
)
@click.option(
    "--registry-creds-file",
    expose_value=False,
    multiple=True,
    metavar="FILE",
    help="USER:PASSWORD in a file, less one trailing newline.",
)
@click.option(
    "--registry-creds-env",
    expose_value=False,
    multiple=True,
    metavar="NAME",
    help="USER:PASSWORD in a variable.",
)
@click.option(
    "--registry-creds-docker-config",
    expose_value=False,
    multiple=True,
    metavar="FILE",
    help="The registry's entry in a docker config, or the helper it names.",
)
@click.option(
    "--registry-creds",
    expose_value=False,
    multiple=True,
    metavar="USER:PASSWORD",
    help="As in flux; process lists and the shell's history see it.",
)
@click.option(
    "--image-pull-secret", metavar="NAME", help="The name of the pull Secret, regcred for example."
)
@cluster_options
@click.option("--namespace", metavar="NAME", help="Flux's namespace. [default: flux-system]")
@click.option(
    "--source",
    metavar="KIND/NAME",
    help="Flux's source, before there is a gotk-sync.yaml. [default: GitRepository/flux-system]",
)
@click.option(
    "--flavour",
    type=click.Choice(["flux-bootstrap", "flux-operator"]),
    help="What installs Flux. [default: flux-operator where a FluxInstance syncs the path]",
)
@click.option(
    "--layout",
    type=click.Choice(["separate", "inline"]),
    help="Whether a Kustomization of its own decrypts the pull Secrets, or Flux's own, below --path. "
    "[default: as the cluster has it, else separate]",
)
@click.option(
    "--resume",
    is_flag=True,
    help="The second commit of --layout inline, once Flux decrypts; --context sees that it does.",
)
@click.option(
    "--context",
    "kube_context",
    metavar="NAME",
    help="With --resume: the cluster's kubeconfig context.",
)
@click.option("--kubeconfig", type=click.Path(path_type=Path), help="[default: kubectl's]")
@click.option(
    "--age-recipient",
    "age_recipients",
    multiple=True,
    metavar="AGE1...",
    help="Somebody who may read the Secret beside the cluster. May be repeated.",
)
@click.option(
    "--age-identity-file",
    type=UserPath(),
    help="Where the cluster's identity is, or is to be kept; outside every repository.",
)
@click.option(
    "--shadowed-recipients",
    type=click.Choice(["keep", "drop"]),
    help="Whether the recipients of a rule that ours goes ahead of may read the Secret. "
    "[default: asked for on a terminal]",
)
@click.option("--no-commit", is_flag=True, help="Write the files and leave the commit to you.")
@click.option("--push", is_flag=True, help="Push the commit; where that is refused, take it back.")
@dry_run_option
@output_option
@repository_option
@verbose_option
@click.pass_context
def bootstrap_command(
    context: click.Context,
    /,
    *,
    image_pull_secret: str | None,
    paths: tuple[str, ...],
    all_clusters: bool,
    namespace: str | None,
    source: str | None,
    flavour: str | None,
    layout: str | None,
    resume: bool,
    kube_context: str | None,
    kubeconfig: Path | None,
    age_recipients: tuple[str, ...],
    age_identity_file: Path | None,
    shadowed_recipients: str | None,
    no_commit: bool,
    push: bool,
    dry_run: bool,
    output: str,
    repository: Path,
) -> ExitCode:
    """Give Flux its registry credentials, encrypted, in one commit.

    Makes the image-pull Secret, encrypts it for the cluster's own age identity, wires Flux's
    decryption and ServiceAccounts, and commits all of it at once. The same command again changes
    nothing; a changed password changes three lines.

    \b
    gitops-secrets bootstrap --path clusters/prod --image-pull-secret regcred \\
        --registry registry.example.com:5000 --registry-creds-env REGISTRY_CREDS

    Without a credential source the user name and password are asked for.
    """  # noqa: D301
    given: tuple[Given, ...] = context.meta[ORDERED]
    groups = read_groups(given)
    if not image_pull_secret:
        what = "credentials are given, and no" if groups else "no"
        raise UsageError(f"{what} --image-pull-secret", "--image-pull-secret regcred")
    if kube_context is not None and not resume:
        raise UsageError(
            "--context goes with --resume: nothing else here asks a cluster",
            "gitops-secrets apply brings a cluster what is committed",
        )
    if push and no_commit:
        raise UsageError("--push and --no-commit exclude each other")
    sources = credential_sources(groups)
    # Git answers while the rest is imported; it is started once the sources' variables are withheld.
    from gitops_secrets.adapters.git.repository import begin_open

    open_repository = begin_open(repository)
    from gitops_secrets.cli.bootstrap_text import render_text
    from gitops_secrets.cli.documents import bootstrap_document
    from gitops_secrets.commands.bootstrap.model import Request
    from gitops_secrets.commands.bootstrap.run import bootstrap

    outcome = bootstrap(
        Request(
            open_repository=open_repository,
            groups=sources,
            secret=image_pull_secret,
            paths=paths,
            all_clusters=all_clusters,
            namespace=namespace,
            source=_flux_source(source) if source else None,
            flavour=flavour,
            layout=layout,
            resume=resume,
            context=kube_context,
            kubeconfig=kubeconfig,
            age_recipients=age_recipients,
            identity_file=age_identity_file,
            keep_shadowed=_shadow_question(shadowed_recipients),
            commit=not no_commit,
            push=push,
            dry_run=dry_run,
        )
    )
    if output == "json":
        said = bootstrap_document(outcome, dry_run=dry_run)
    else:
        said = render_text(outcome, dry_run=dry_run, again=resumed(context.command, given))
    click.echo(said, nl=False)
    return ExitCode.OK


def _flux_source(text: str) -> Source:
    from gitops_secrets.core.flux.objects import Source

    kind, slash, name = text.partition("/")
    if not slash or kind not in ("GitRepository", "OCIRepository", "Bucket") or not name:
        raise UsageError(
            "--source is KIND/NAME of a Flux source", "--source GitRepository/flux-system"
        )
    return Source(kind, name)


def _shadow_question(
    answer: str | None,
) -> Callable[[Cluster, CreationRule, Sequence[str]], bool]:
    def ask(cluster: Cluster, rule: CreationRule, recipients: Sequence[str]) -> bool:
        if answer is not None:
            return answer == "keep"
        names = ", ".join(recipients)
        if not sys.stdin.isatty():
            raise UsageError(
                f".sops.yaml:{rule.line}: the rule for {cluster.path} goes ahead of this one, "
                f"by which {names} would read the Secret",
                "--shadowed-recipients keep lets them read it, --shadowed-recipients drop does not",
            )
        click.echo(f".sops.yaml:{rule.line} would have let these read the Secret too:", err=True)
        for name in recipients:
            click.echo(f"  {name}", err=True)
        return click.confirm("Shall they?", default=True, err=True)

    return ask
