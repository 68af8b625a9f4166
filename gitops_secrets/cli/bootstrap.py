"""``gitops-secrets bootstrap``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

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
    GroupedCommand,
    credential_sources,
    read_groups,
    resumed,
)
from gitops_secrets.errors import ExitCode, UsageError


@click.command("bootstrap", cls=GroupedCommand)
@click.option(
    "--registry",
    multiple=True,
    metavar="HOST[:PORT]",
    help="A registry; the credential source behind it is its own. May be repeated. "
    "[default: the private one that gotk-components.yaml's images come from]",
)
@click.option(
    "--scope",
    multiple=True,
    type=click.Choice(["host", "path"]),
    help="After a --registry: key it by its host, or by its path too as flux does. [default: host]",
)
@click.option(
    "--registry-creds-stdin",
    is_flag=True,
    help="USER:PASSWORD on standard input, less one trailing newline.",
)
@click.option(
    "--registry-creds-file",
    multiple=True,
    metavar="FILE",
    help="USER:PASSWORD in a file, less one trailing newline.",
)
@click.option(
    "--registry-creds-env", multiple=True, metavar="NAME", help="USER:PASSWORD in a variable."
)
@click.option(
    "--registry-creds-docker-config",
    multiple=True,
    metavar="FILE",
    help="The registry's entry in a docker config, or the helper it names.",
)
@click.option(
    "--registry-creds",
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
@click.option("--context", metavar="NAME", help="With --resume: the cluster's kubeconfig context.")
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
def bootstrap_command(context: click.Context, /, **options: Any) -> ExitCode:
    """Give Flux its registry credentials, encrypted, in one commit.

    Makes the image-pull Secret, encrypts it for the cluster's own age identity, wires Flux's
    decryption and ServiceAccounts, and commits all of it at once. The same command again changes
    nothing; a changed password changes three lines.

    \b
    gitops-secrets bootstrap --path clusters/prod --image-pull-secret regcred \\
        --registry registry.example.com:5000 --registry-creds-env REGISTRY_CREDS

    Without a credential source the user name and password are asked for.
    """  # noqa: D301
    groups = read_groups(context.meta.get("ordered", ()))
    if not options["image_pull_secret"]:
        given = "credentials are given, and no" if groups else "no"
        raise UsageError(f"{given} --image-pull-secret", "--image-pull-secret regcred")
    if options["context"] is not None and not options["resume"]:
        raise UsageError(
            "--context goes with --resume: nothing else here asks a cluster",
            "gitops-secrets apply brings a cluster what is committed",
        )
    if options["push"] and options["no_commit"]:
        raise UsageError("--push and --no-commit exclude each other")
    sources = credential_sources(groups)
    # Git answers while the rest is imported; it is started once the sources' variables are withheld.
    from gitops_secrets.adapters.git.repository import begin_open

    repository = begin_open(options["repository"])
    from gitops_secrets.cli.bootstrap_text import render_text
    from gitops_secrets.cli.documents import bootstrap_document
    from gitops_secrets.commands.bootstrap.model import Request
    from gitops_secrets.commands.bootstrap.run import bootstrap

    source = None
    if options["source"]:
        kind, slash, name = options["source"].partition("/")
        if not slash or kind not in ("GitRepository", "OCIRepository", "Bucket") or not name:
            raise UsageError(
                "--source is KIND/NAME of a Flux source", "--source GitRepository/flux-system"
            )
        from gitops_secrets.core.flux.objects import Source

        source = Source(kind, name)
    outcome = bootstrap(
        Request(
            open_repository=repository,
            groups=sources,
            secret=options["image_pull_secret"],
            paths=options["paths"],
            all_clusters=options["all_clusters"],
            namespace=options["namespace"],
            source=source,
            flavour=options["flavour"],
            layout=options["layout"],
            resume=options["resume"],
            context=options["context"],
            kubeconfig=options["kubeconfig"],
            age_recipients=options["age_recipients"],
            identity_file=options["age_identity_file"],
            keep_shadowed=_shadow_question(options["shadowed_recipients"]),
            commit=not options["no_commit"],
            push=options["push"],
            dry_run=options["dry_run"],
        )
    )
    if options["output"] == "json":
        said = bootstrap_document(outcome, dry_run=options["dry_run"])
    else:
        again = resumed(context.command, context.meta.get("ordered", ()))
        said = render_text(outcome, dry_run=options["dry_run"], again=again)
    click.echo(said, nl=False)
    return ExitCode.OK


def _shadow_question(answer: str | None) -> Any:
    def ask(cluster: Any, rule: Any, recipients: Sequence[str]) -> bool:
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
