"""``gitops-secrets hooks``: the guard as Git's own hooks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from gitops_secrets.adapters.git.objects import Git
from gitops_secrets.cli.options.shared import output_option
from gitops_secrets.cli.printing.documents import hooks_status_document
from gitops_secrets.cli.printing.say import answer, tell
from gitops_secrets.errors import ExitCode

if TYPE_CHECKING:
    from gitops_secrets.commands.hooks import HookState

_REPO = click.option(
    "--repo",
    type=click.Path(exists=True, file_okay=False),
    default=".",
    help="A folder in the repository. [default: the current folder]",
)
_SHARED = click.option(
    "--shared", is_flag=True, help="Also if core.hooksPath is outside this repository."
)
_BY_LINES = "lines: gitops-secrets hooks install"
_FRAMEWORK = """or use the pre-commit framework, in .pre-commit-config.yaml:
  - repo: https://github.com/gitops-secrets/gitops-secrets
    rev: v0.1.0
    hooks: [{id: gitops-secrets}]"""


@click.group(
    "hooks", no_args_is_help=False, short_help="The guard as Git hooks: install, uninstall, status."
)
def hooks_group() -> None:
    """Run the guard at each commit and push, and on a server at each push that it receives."""


@hooks_group.command("install")
@_REPO
@_SHARED
@click.option(
    "--server",
    is_flag=True,
    help="Install the pre-receive hook, for a repository that receives pushes.",
)
def install_command(repo: str, shared: bool, server: bool) -> int:
    """Install the guard. Existing hooks are kept, and run after it.

    In a bare repository, or with --server, installs the pre-receive hook; otherwise pre-commit,
    commit-msg and pre-push, and has Git merge encrypted files by value and show no ciphertext in a diff.
    """
    from gitops_secrets.commands.hooks import install

    git = Git(repo, hooks=True)
    for state in install(git, server=server or git.is_bare(), shared=shared):
        then = "; the hook that was there runs after it" if state.earlier else ""
        tell(f"gitops-secrets: {state.name} guards {state.path}{then}")
    if not server and not git.is_bare():
        tell(
            "gitops-secrets: Git merges encrypted files by value, and shows no ciphertext in a diff"
        )
    if not server and not git.is_bare():
        click.echo(_FRAMEWORK, err=True)
    return ExitCode.OK


@hooks_group.command("uninstall")
@_REPO
@_SHARED
def uninstall_command(repo: str, shared: bool) -> int:
    """Remove the guard, and restore the hooks that were there before."""
    from gitops_secrets.commands.hooks import uninstall

    gone = uninstall(Git(repo, hooks=True), shared=shared)
    for path in gone:
        tell(f"gitops-secrets: removed from {path}")
    if not gone:
        tell("gitops-secrets: no hook of the guard is installed")
    return ExitCode.OK


@hooks_group.command("status")
@_REPO
@output_option
def status_command(repo: str, output: str) -> int:
    """Show which hooks run the guard. Exit status 1 if one does not."""
    from gitops_secrets.commands.hooks import merges_by_value, status

    git = Git(repo, hooks=True)
    states = status(git, server=git.is_bare())
    by_value = not git.is_bare() and merges_by_value(git)
    drivers = f"merge and diff: encrypted files by {'value' if by_value else _BY_LINES}"
    answer(
        output,
        lambda: hooks_status_document(states, merges_by_value=by_value),
        lambda: [*map(_line, states), *([] if git.is_bare() else [drivers])],
    )
    return ExitCode.OK if all(s.installed for s in states) else ExitCode.FINDINGS


def _line(state: HookState) -> str:
    words = "guards" if state.installed else "does not guard"
    if state.changed:
        words += ": its script was changed, or is of another version: gitops-secrets hooks install"
    elif state.orphaned:
        words += (
            ": the program that it runs is not there, so it blocks: gitops-secrets hooks install"
        )
    elif state.installed and not state.current:
        words += ", by another installation: gitops-secrets hooks install"
    then = ", and another hook runs after it" if state.earlier else ""
    return f"{state.name}: {words} ({state.path}){then}"


COMMAND, ORDER = hooks_group, 140
