"""Options that several commands share."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import click

from gitops_secrets.cli.options.completions import cluster_paths
from gitops_secrets.cli.printing.exposed import checked_identity
from gitops_secrets.cli.printing.say import hush, say

F = TypeVar("F", bound=Callable[..., object])


class UserPath(click.Path):
    """A path in which ``~`` is expanded: after an equals sign, a shell leaves it alone."""

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
    """Add --repo, which names the Git work tree."""
    return click.option(
        "--repo",
        "repository",
        type=click.Path(path_type=Path),
        default=Path(),
        help="A folder in the work tree of the Flux repository. [default: the current folder]",
    )(command)


def cluster_options(command: F) -> F:
    """Add --path and --all, which name clusters."""
    command = click.option(
        "--all", "all_clusters", is_flag=True, help="Every cluster in the repository."
    )(command)
    return click.option(
        "--path",
        "paths",
        multiple=True,
        metavar="PATH",
        shell_complete=cluster_paths,
        help="The path of a cluster, as in flux bootstrap. Can be repeated. [default: the only cluster]",
    )(command)


def identity_option(command: F) -> F:
    """Add --age-identity-file, which names an identity to decrypt with."""
    return click.option(
        "--age-identity-file",
        type=UserPath(),
        callback=checked_identity,
        help="An identity that decrypts, if it is not in the sops configuration folder.",
    )(command)


def output_option(command: F, forms: Sequence[str] = ("text", "json")) -> F:
    """Add --output, text for people and JSON for programs, and --json for short."""
    command = click.option(
        "--json",
        "as_json",
        is_flag=True,
        expose_value=False,
        is_eager=True,
        callback=_note_json,
        help="The same as --output json.",
    )(command)
    return click.option(
        "-o",
        "--output",
        type=click.Choice(forms),
        default="text",
        show_default=True,
        callback=_format,
        help="The format of the result.",
    )(command)


_AS_JSON = "gitops_secrets.as_json"


def _note_json(context: click.Context, parameter: click.Parameter, value: bool) -> None:
    del parameter
    context.meta[_AS_JSON] = value


def _format(context: click.Context, parameter: click.Parameter, value: str) -> str:
    del parameter
    return "json" if context.meta.get(_AS_JSON) else value


def _quiet_option(command: F) -> F:
    return click.option(
        "-q",
        "--quiet",
        is_flag=True,
        expose_value=False,
        callback=_be_quiet,
        help="Print nothing but warnings and errors.",
    )(command)


def _be_quiet(context: click.Context, parameter: click.Parameter, value: bool) -> None:
    del context, parameter
    if value:
        hush()


def verbose_option(command: F) -> F:
    """Add -v, which shows on standard error which programs are started, and -q."""
    command = _quiet_option(command)
    return click.option(
        "-v",
        "--verbose",
        is_flag=True,
        expose_value=False,
        callback=_be_verbose,
        help="Show which programs are started.",
    )(command)


def _be_verbose(context: click.Context, parameter: click.Parameter, value: bool) -> None:
    del context, parameter
    if value:
        from gitops_secrets.adapters.running.process import trace_to

        trace_to(lambda line: say("run", line))


def branch_option(command: F) -> F:
    """Add --branch, which names a branch for the commit."""
    return click.option(
        "--branch",
        metavar="NAME",
        help="Commit on a new branch, for a merge request. [default: the branch that is checked out]",
    )(command)


def dry_run_option(command: F) -> F:
    """Add --dry-run."""
    return click.option(
        "--dry-run",
        is_flag=True,
        help="Print the plan as a diff with hidden values; change nothing.",
    )(command)
