"""``gitops-secrets key list``, ``add`` and ``remove``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from gitops_secrets.cli.options.clusters import Common, common_options
from gitops_secrets.cli.options.shared import branch_option, dry_run_option
from gitops_secrets.cli.printing.progress import steps
from gitops_secrets.cli.printing.say import answer
from gitops_secrets.errors import ExitCode

if TYPE_CHECKING:
    from gitops_secrets.commands.recipients.change import Verb


@click.group("key", short_help="Who can decrypt the Secrets of a cluster: list, add, remove.")
def key_group() -> None:
    """Show and change who can decrypt the Secrets of a cluster.

    A recipient is added to, or removed from, every creation rule that names the cluster's own recipient, and
    every encrypted file that these rules are for, in one commit.
    """


@key_group.command("list", short_help="Show the recipients of each cluster.")
@common_options
def list_command(*, common: Common) -> ExitCode:
    """Show the recipients of each cluster: whose they are, and how many files each can decrypt.

    \b
    gitops-secrets key list --path clusters/prod
    """  # noqa: D301
    from gitops_secrets.cli.key.text import list_document, list_lines
    from gitops_secrets.commands.recipients.listing import listed

    found = listed(common.repository, common.choice, common.identity_file)
    answer(common.output, lambda: list_document(found), lambda: list_lines(found))
    return ExitCode.OK


@key_group.command("add", short_help="Let one more recipient decrypt.")
@click.argument("recipient", metavar="AGE1...")
@click.option("--name", metavar="NAME", help="Whose it is, for the comment in .sops.yaml.")
@dry_run_option
@branch_option
@common_options
def add_command(
    *, recipient: str, name: str | None, branch: str | None, dry_run: bool, common: Common
) -> ExitCode:
    """Let the recipient AGE1... decrypt the Secrets of a cluster: a colleague, an emergency key, a CI system.

    No value is encrypted again: the files get the data key for one more recipient.

    \b
    gitops-secrets key add age1... --name alice --path clusters/prod
    """  # noqa: D301
    from gitops_secrets.commands.recipients.change import Verb

    return _change(Verb.ADD, recipient, name, common, branch=branch, dry_run=dry_run)


@key_group.command("remove", short_help="Take a recipient out.")
@click.argument("recipient", metavar="AGE1...")
@dry_run_option
@branch_option
@common_options
def remove_command(
    *, recipient: str, branch: str | None, dry_run: bool, common: Common
) -> ExitCode:
    """Take the recipient AGE1... out of the Secrets of a cluster.

    Every file is encrypted anew with another data key. What earlier commits hold can still be decrypted with
    that key, so the credentials have to be changed as well.

    \b
    gitops-secrets key remove age1... --path clusters/prod
    """  # noqa: D301
    from gitops_secrets.commands.recipients.change import Verb

    return _change(Verb.REMOVE, recipient, None, common, branch=branch, dry_run=dry_run)


def _change(
    verb: Verb,
    recipient: str,
    name: str | None,
    common: Common,
    *,
    branch: str | None,
    dry_run: bool,
) -> ExitCode:
    from gitops_secrets.cli.key.text import change_document, change_lines
    from gitops_secrets.commands.recipients.change import Request, change

    with steps() as step:
        outcome = change(
            Request(
                repository=common.repository,
                choice=common.choice,
                verb=verb,
                recipient=recipient,
                name=name,
                identity_file=common.identity_file,
                branch=branch,
                dry_run=dry_run,
                progress=step,
            )
        )
    answer(
        common.output,
        lambda: change_document(verb, outcome, dry_run=dry_run),
        lambda: change_lines(verb, recipient, outcome, dry_run=dry_run),
    )
    return ExitCode.OK


COMMAND, ORDER = key_group, 50
