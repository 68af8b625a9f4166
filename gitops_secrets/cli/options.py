"""Options that several commands share."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import click

from gitops_secrets.cli.say import say

F = TypeVar("F", bound=Callable[..., object])


class UserPath(click.Path):
    """A path, with the ``~`` that a shell leaves alone behind an equals sign."""

    def __init__(self) -> None:
        super().__init__(path_type=Path)

    def convert(
        self,
        value: str | os.PathLike[str],
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> Path:
        """Return *value* as a path, ``~`` expanded."""
        return Path(os.fsdecode(super().convert(value, param, ctx))).expanduser()


def repository_option(command: F) -> F:
    """Add --repo, the folder whose Git work tree is meant."""
    return click.option(
        "--repo",
        "repository",
        type=click.Path(path_type=Path),
        default=Path(),
        help="A folder in the Flux repository's work tree. [default: this folder]",
    )(command)


def cluster_options(command: F) -> F:
    """Add --path and --all, by which clusters are named."""
    command = click.option(
        "--all", "all_clusters", is_flag=True, help="Every cluster in the repository."
    )(command)
    return click.option(
        "--path",
        "paths",
        multiple=True,
        metavar="PATH",
        help="A cluster's path, as in flux bootstrap; may be repeated. [default: the only one]",
    )(command)


def identity_option(command: F) -> F:
    """Add --age-identity-file, with an identity to open files with."""
    return click.option(
        "--age-identity-file",
        type=UserPath(),
        help="An identity that opens the file, where it is not in sops' configuration folder.",
    )(command)


def output_option(command: F) -> F:
    """Add --output, text for people and JSON for programs."""
    return click.option(
        "--output",
        type=click.Choice(["text", "json"]),
        default="text",
        show_default=True,
        help="How the result is printed.",
    )(command)


def verbose_option(command: F) -> F:
    """Add -v, which says on standard error which programs are started."""
    return click.option(
        "-v",
        "--verbose",
        is_flag=True,
        expose_value=False,
        callback=_be_verbose,
        help="Say which programs are started.",
    )(command)


def _be_verbose(context: click.Context, parameter: click.Parameter, value: bool) -> None:
    del context, parameter
    if value:
        from gitops_secrets.adapters.running.process import trace_to

        trace_to(lambda line: say("run", line))


def dry_run_option(command: F) -> F:
    """Add --dry-run."""
    return click.option(
        "--dry-run", is_flag=True, help="Print the plan as a diff, values redacted; write nothing."
    )(command)
