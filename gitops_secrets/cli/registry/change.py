"""``gitops-secrets registry add``, ``update``, ``remove`` and ``import``."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gitops_secrets.cli.options.clusters import Common, common_options
from gitops_secrets.cli.options.credentials import (
    registry_option,
    scope_option,
    secret_option,
    short_lived_option,
    source_options,
)
from gitops_secrets.cli.options.registries import (
    ORDERED,
    GroupedCommand,
    credential_sources,
    read_groups,
)
from gitops_secrets.cli.options.shared import UserPath, branch_option, dry_run_option
from gitops_secrets.cli.printing.progress import steps
from gitops_secrets.cli.printing.say import answer
from gitops_secrets.cli.registry.asking import Asking, asking_options
from gitops_secrets.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from gitops_secrets.commands.registry.change import Checking
    from gitops_secrets.commands.registry.edits import Edit
    from gitops_secrets.commands.registry.sources import Source
    from gitops_secrets.core.registry.reference import Registry

_PATIENCE = 10.0
"""Seconds that a registry may take before its credentials are written unproven."""


def _checking_options(command: Callable[..., ExitCode]) -> Callable[..., ExitCode]:
    """Add --check, --image and how registries are asked; the command gets them as its argument ``checking``."""

    @functools.wraps(command)
    def gathered(
        *positional: Any, mode: str, images: tuple[str, ...], asking: Asking, **own: Any
    ) -> ExitCode:
        from gitops_secrets.commands.registry.change import Checking, Mode
        from gitops_secrets.core.registry.image import parse_image

        checking = Checking(Mode(mode), asking.means(), [parse_image(image) for image in images])
        return command(*positional, checking=checking, **own)

    whole = asking_options(_PATIENCE)(gathered)
    whole = click.option(
        "--image",
        "images",
        multiple=True,
        help="An image to prove the credentials by. Can be repeated. [default: those in the manifests]",
    )(whole)
    return click.option(
        "--check",
        "mode",
        type=click.Choice(["require", "auto", "never"]),
        default="auto",
        show_default=True,
        help="Ask the registry first. require: write only what is proven. auto: write unless it is refused. "
        "never: do not ask.",
    )(whole)


_REGISTRY = "A registry. The credential source that follows belongs to it. Can be repeated."


@click.command("add", cls=GroupedCommand, short_help="Add registries to a pull Secret.")
@registry_option(_REGISTRY)
@source_options
@_checking_options
@dry_run_option
@branch_option
@secret_option
@common_options
@click.pass_context
def add_command(
    context: click.Context,
    /,
    *,
    short_lived: bool,
    checking: Checking,
    branch: str | None,
    dry_run: bool,
    common: Common,
) -> ExitCode:
    """Add registries to the pull Secret, in one commit.

    A registry that the Secret has already is refused: registry update changes its credentials.

    \b
    gitops-secrets registry add --path clusters/prod \\
        --registry registry.example.com:5000 --registry-creds-env REGISTRY_CREDS
    """  # noqa: D301
    edit = _given("add", context, short_lived=short_lived)
    return _change(edit, common, branch=branch, dry_run=dry_run, checking=checking)


@click.command("update", cls=GroupedCommand, short_help="Change the credentials of registries.")
@registry_option(_REGISTRY)
@source_options
@_checking_options
@dry_run_option
@branch_option
@secret_option
@common_options
@click.pass_context
def update_command(
    context: click.Context,
    /,
    *,
    short_lived: bool,
    checking: Checking,
    branch: str | None,
    dry_run: bool,
    common: Common,
) -> ExitCode:
    """Change the credentials of registries that the pull Secret has, in one commit.

    A registry that the Secret lacks is refused: registry add adds it.

    \b
    gitops-secrets registry update --path clusters/prod \\
        --registry registry.example.com:5000 --registry-creds-env REGISTRY_CREDS
    """  # noqa: D301
    edit = _given("update", context, short_lived=short_lived)
    return _change(edit, common, branch=branch, dry_run=dry_run, checking=checking)


@click.command("remove", cls=GroupedCommand, short_help="Remove registries from a pull Secret.")
@registry_option("A registry to remove. Can be repeated.")
@scope_option
@click.option("--allow-empty", is_flag=True, help="Remove the last registry as well.")
@dry_run_option
@branch_option
@secret_option
@common_options
@click.pass_context
def remove_command(
    context: click.Context,
    /,
    *,
    allow_empty: bool,
    branch: str | None,
    dry_run: bool,
    common: Common,
) -> ExitCode:
    """Remove registries from the pull Secret in Git, in one commit.

    The cluster keeps them until Flux applies the commit, and the credentials stay valid at the registry.

    \b
    gitops-secrets registry remove --path clusters/prod --registry registry.example.com:5000
    """  # noqa: D301
    from gitops_secrets.commands.registry.edits import Edit, Verb

    edit = Edit(Verb.REMOVE, given_registries(context), allow_empty=allow_empty)
    return _change(edit, common, branch=branch, dry_run=dry_run)


@click.command("import", cls=GroupedCommand, short_help="Import registries from a docker config.")
@click.argument("file", metavar="FILE", type=UserPath())
@registry_option("A registry to import. Can be repeated. [default: every one in FILE]")
@scope_option
@short_lived_option
@dry_run_option
@branch_option
@secret_option
@common_options
@click.pass_context
def import_command(
    context: click.Context,
    /,
    *,
    file: Path,
    short_lived: bool,
    branch: str | None,
    dry_run: bool,
    common: Common,
) -> ExitCode:
    """Import the registries of a docker config into the pull Secret, in one commit.

    Credential helpers that FILE names are asked. New registries are added, those that the Secret has get
    the credentials of FILE. What the kubelet would ignore is refused.

    \b
    gitops-secrets registry import --path clusters/prod ~/.docker/config.json --registry ghcr.io
    """  # noqa: D301
    from gitops_secrets.commands.registry.edits import Verb
    from gitops_secrets.commands.registry.sources import docker_config, lasting, registries_in

    registries = given_registries(context, needed=False) or registries_in(file)
    source = docker_config(file)
    source = source if short_lived else lasting(source)
    edit = _put(Verb.IMPORT, registries, [source] * len(registries))
    return _change(edit, common, branch=branch, dry_run=dry_run)


def _given(verb: str, context: click.Context, *, short_lived: bool) -> Edit:
    """Return the edit that puts the registries of the command line, each with the credentials of its source."""
    registries = given_registries(context)
    found = credential_sources(read_groups(context.meta[ORDERED]), short_lived=short_lived)
    return _put(verb, registries, [source for _, source in found])


def given_registries(context: click.Context, *, needed: bool = True) -> list[Registry]:
    """Return the registries of the command line. Raises UsageError if one is given twice, or none is."""
    from gitops_secrets.core.registry.reference import parse_registry, refuse_duplicates

    found = [
        parse_registry(group.registry, keep_path=group.scope == "path")
        for group in read_groups(context.meta[ORDERED])
        if group.registry is not None
    ]
    if needed and not found:
        raise UsageError("--registry is missing", "--registry HOST:PORT")
    refuse_duplicates(found)
    return found


def _put(verb: str, registries: Sequence[Registry], sources: Sequence[Source]) -> Edit:
    from gitops_secrets.commands.registry.edits import Edit, Verb

    return Edit(
        Verb(verb),
        registries,
        lambda: [source(r) for r, source in zip(registries, sources, strict=True)],
    )


def _change(
    edit: Edit,
    common: Common,
    *,
    branch: str | None,
    dry_run: bool,
    checking: Checking | None = None,
) -> ExitCode:
    from gitops_secrets.cli.registry.documents import change_document
    from gitops_secrets.cli.registry.text import change_lines
    from gitops_secrets.commands.registry.change import Checking, Request, change

    with steps() as step:
        outcome = change(
            Request(
                repository=common.repository,
                choice=common.choice,
                secret=common.secret,
                edit=edit,
                identity_file=common.identity_file,
                checking=checking or Checking(),
                branch=branch,
                dry_run=dry_run,
                progress=step,
            )
        )
    answer(
        common.output,
        lambda: change_document(edit.verb, outcome, dry_run=dry_run),
        lambda: change_lines(edit.verb, outcome, dry_run=dry_run),
    )
    return ExitCode.OK
