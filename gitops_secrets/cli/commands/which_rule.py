"""``gitops-secrets which-rule``."""

from __future__ import annotations

from pathlib import Path

import click

from gitops_secrets.cli.options.shared import output_option, repository_option
from gitops_secrets.cli.printing.say import answer
from gitops_secrets.errors import ExitCode


@click.command("which-rule", short_help="Explain which creation rule sops chooses for a file.")
@click.argument("path", type=click.Path())
@output_option
@repository_option
def which_rule_command(*, path: str, output: str, repository: Path) -> ExitCode:
    """Explain which creation rule sops chooses for PATH, for whom and what it encrypts.

    PATH does not have to exist. Exit status 1 if no rule is for it.
    """
    from gitops_secrets.cli.printing.documents import which_rule_document
    from gitops_secrets.commands.verify.which import which_rule

    explained = which_rule(repository, path)
    answer(output, lambda: which_rule_document(explained), lambda: explained.lines)
    return ExitCode.OK if explained.rule is not None else ExitCode.FINDINGS


COMMAND, ORDER = which_rule_command, 120
