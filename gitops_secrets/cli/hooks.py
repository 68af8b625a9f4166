"""``gitops-secrets hooks``: the guard as Git's own hooks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from gitops_secrets.adapters.git.objects import Git
from gitops_secrets.cli.documents import hooks_status_document
from gitops_secrets.cli.options import output_option
from gitops_secrets.errors import ExitCode

if TYPE_CHECKING:
    from gitops_secrets.commands.hooks import HookState

_REPO = click.option(
    "--repo", type=click.Path(exists=True, file_okay=False), default=".", help="The repository."
)
_SHARED = click.option(
    "--shared", is_flag=True, help="Also where core.hooksPath leads out of this repository."
)
_FRAMEWORK = """with the pre-commit framework instead, in .pre-commit-config.yaml:
  - repo: https://github.com/gitops-secrets/gitops-secrets
    rev: v0.1.0
    hooks: [{id: gitops-secrets}]"""


@click.group("hooks", short_help="The guard as Git hooks: install, uninstall, status.")
def hooks_group() -> None:
    """Run the guard at each commit and push, and on a server at each push that arrives."""


@hooks_group.command("install")
@_REPO
@_SHARED
@click.option(
    "--server", is_flag=True, help="The pre-receive hook, for a repository that is pushed to."
)
def install_command(repo: str, shared: bool, server: bool) -> int:
    """Put the guard beside the hooks that exist: those keep running, after it.

    In a bare repository, or with --server, the pre-receive hook; else pre-commit, commit-msg and pre-push.
    """
    from gitops_secrets.commands.hooks import install

    git = Git(repo, hooks=True)
    for state in install(git, server=server or git.is_bare(), shared=shared):
        then = "; the hook that was there runs after it" if state.earlier else ""
        click.echo(f"gitops-secrets: {state.name} guards {state.path}{then}")
    if not server and not git.is_bare():
        click.echo(_FRAMEWORK, err=True)
    return ExitCode.OK


@hooks_group.command("uninstall")
@_REPO
@_SHARED
def uninstall_command(repo: str, shared: bool) -> int:
    """Take the guard out, and put back the hooks that were there before."""
    from gitops_secrets.commands.hooks import uninstall

    gone = uninstall(Git(repo, hooks=True), shared=shared)
    for path in gone:
        click.echo(f"gitops-secrets: taken out of {path}")
    if not gone:
        click.echo("gitops-secrets: no hook of the guard is installed")
    return ExitCode.OK


@hooks_group.command("status")
@_REPO
@output_option
def status_command(repo: str, output: str) -> int:
    """Show which hooks run the guard. Exit status 1 if one does not."""
    from gitops_secrets.commands.hooks import status

    git = Git(repo, hooks=True)
    states = status(git, server=git.is_bare())
    if output == "json":
        click.echo(hooks_status_document(states), nl=False)
    else:
        click.echo("".join(f"{_line(state)}\n" for state in states), nl=False)
    return ExitCode.OK if all(s.installed for s in states) else ExitCode.FINDINGS


def _line(state: HookState) -> str:
    words = "guards" if state.installed else "does not guard"
    if state.changed:
        words += ": its script was changed, or is of another version: gitops-secrets hooks install"
    elif state.installed and not state.current:
        words += ", by another installation: gitops-secrets hooks install"
    then = ", and another hook runs after it" if state.earlier else ""
    return f"{state.name}: {words} ({state.path}){then}"
