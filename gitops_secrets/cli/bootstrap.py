"""``gitops-secrets bootstrap``."""

from __future__ import annotations

import shlex
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
from gitops_secrets.errors import ExitCode, UsageError

_SOURCES = {
    "registry_creds_stdin": "--registry-creds-stdin",
    "registry_creds_file": "--registry-creds-file",
    "registry_creds_env": "--registry-creds-env",
    "registry_creds_docker_config": "--registry-creds-docker-config",
    "registry_creds": "--registry-creds",
}


class GroupedCommand(click.Command):
    """A command that also keeps the order of its options, by which each --registry has its group."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse as click does, and keep (parameter name, value) pairs in ``ctx.meta["ordered"]``."""
        if args:
            values, _, order = self.make_parser(ctx).parse_args(list(args))
            seen: dict[str, int] = {}
            ordered: list[tuple[str, Any]] = []
            for parameter in order:
                name = parameter.name or ""
                value = values.get(name)
                if isinstance(value, list):
                    value = value[seen.setdefault(name, 0)]
                    seen[name] += 1
                ordered.append((name, value))
            ctx.meta["ordered"] = ordered
        return super().parse_args(ctx, args)


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
    r"""Give Flux its registry credentials, encrypted, in one commit.

    Makes the image-pull Secret, encrypts it for the cluster's own age identity, wires Flux's
    decryption and ServiceAccounts, and commits all of it at once. The same command again changes
    nothing; a changed password changes three lines.

    \b
    gitops-secrets bootstrap --path clusters/prod --image-pull-secret regcred \
        --registry registry.example.com:5000 --registry-creds-env REGISTRY_CREDS

    Without a credential source the user name and password are asked for.
    """
    groups = _groups(context.meta.get("ordered", ()))
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
    sources = _sources(groups)
    # Git answers while the rest is imported; it is started once the sources' variables are withheld.
    from gitops_secrets.adapters.git import begin_open

    repository = begin_open(options["repository"])
    from gitops_secrets.cli.bootstrap_text import render_json, render_text
    from gitops_secrets.commands.bootstrap import bootstrap
    from gitops_secrets.commands.bootstrap_model import Request

    source = None
    if options["source"]:
        kind, slash, name = options["source"].partition("/")
        if not slash or kind not in ("GitRepository", "OCIRepository", "Bucket") or not name:
            raise UsageError(
                "--source is KIND/NAME of a Flux source", "--source GitRepository/flux-system"
            )
        from gitops_secrets.core.flux import Source

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
        said = render_json(outcome, dry_run=options["dry_run"])
    else:
        again = _resumed(context.command, context.meta.get("ordered", ()))
        said = render_text(outcome, dry_run=options["dry_run"], again=again)
    click.echo(said, nl=False)
    return ExitCode.OK


def _resumed(command: click.Command, ordered: Sequence[tuple[str, Any]]) -> str:
    """Return the same command line with --resume, and without the password that may stand in it."""
    flags = {p.name: (p.opts[0], getattr(p, "is_flag", False)) for p in command.params}
    words = ["gitops-secrets", "bootstrap"]
    for name, value in ordered:
        flag, is_flag = flags[name]
        if is_flag and value:
            words.append(flag)
        elif value is not None and not is_flag:
            words += [flag, "USER:PASSWORD" if name == "registry_creds" else str(value)]
    return shlex.join([*words, "--resume"])


class _Group:
    """One --registry and what follows it, as written."""

    def __init__(self, registry: str | None) -> None:
        self.registry = registry
        self.scope = "host"
        self.source: tuple[str, Any] | None = None

    def set_source(self, name: str, value: Any) -> None:
        if self.source is not None:
            where = f"--registry {self.registry}" if self.registry else "no --registry"
            raise UsageError(
                f"{_SOURCES[name]} is a second credential source behind {where}",
                "open its group with a --registry of its own",
            )
        self.source = name, value


def _groups(ordered: Sequence[tuple[str, Any]]) -> list[_Group]:
    """Return the registry groups in the order of the command line."""
    groups: list[_Group] = []
    for name, value in ordered:
        if name == "registry":
            if groups and groups[0].registry is None:
                raise UsageError(
                    f"{_SOURCES[groups[0].source[0]] if groups[0].source else '--scope'} stands "
                    "before the first --registry",
                    "put each credential source behind the --registry that it is for",
                )
            groups.append(_Group(value))
        elif name == "scope" or name in _SOURCES:
            if not groups:
                groups.append(_Group(None))
            if name == "scope":
                groups[-1].scope = value
            else:
                groups[-1].set_source(name, value)
    if sum(g.source == ("registry_creds_stdin", True) for g in groups) > 1:
        raise UsageError(
            "--registry-creds-stdin serves one registry", "give the others by file or variable"
        )
    return groups


def _sources(groups: Sequence[_Group]) -> list[tuple[Any, Any]]:
    from gitops_secrets.commands import credentials
    from gitops_secrets.core.registry import parse_registry

    makers: dict[str, Any] = {
        "registry_creds_stdin": lambda _: credentials.standard_input(),
        "registry_creds_file": lambda value: credentials.file(Path(value)),
        "registry_creds_env": credentials.variable,
        "registry_creds_docker_config": lambda value: credentials.docker_config(Path(value)),
        "registry_creds": _argument,
    }
    found = []
    for group in groups or [_Group(None)]:
        registry = None
        if group.registry is not None:
            registry = parse_registry(group.registry, keep_path=group.scope == "path")
        name, value = group.source or ("", None)
        found.append((registry, makers[name](value) if name else _prompt(registry)))
    return found


def _argument(value: str) -> Any:
    from gitops_secrets.commands.credentials import argument

    click.echo(
        "gitops-secrets: warning: --registry-creds is seen by process lists and the shell's "
        "history; --registry-creds-stdin, -file and -env are not",
        err=True,
    )
    return argument(value)


def _prompt(registry: Any) -> Any:
    from gitops_secrets.commands.credentials import prompt

    if not sys.stdin.isatty():
        whose, where = "", ""
        if registry is not None:
            whose, where = f" for {registry.key}", f" behind --registry {registry.host}"
        raise UsageError(
            f"no credentials are given{whose}, and there is no terminal to ask for them",
            "pass --registry-creds-stdin, --registry-creds-file FILE or --registry-creds-env NAME"
            f"{where}",
        )
    return prompt(lambda question, hidden: str(click.prompt(question, hide_input=hidden, err=True)))


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
