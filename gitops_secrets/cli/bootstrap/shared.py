"""Options and questions that bootstrap and attach share."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

import click

from gitops_secrets.cli.options.shared import branch_option
from gitops_secrets.cli.printing.progress import clear
from gitops_secrets.core.repository.kubenames import parse_account
from gitops_secrets.errors import UsageError
from gitops_secrets.report.words import plain

if TYPE_CHECKING:
    from gitops_secrets.commands.repository.messages import CommitMessage
    from gitops_secrets.core.repository.layout import Cluster
    from gitops_secrets.core.sops.rules.creation import CreationRule

F = TypeVar("F", bound=Callable[..., object])


# Older releases of click that we accept have no type parameter here.
class AccountName(click.ParamType):  # type: ignore[type-arg]
    """NAMESPACE[/SERVICEACCOUNT], as a pair."""

    name = "namespace[/serviceaccount]"

    def convert(
        self, value: str, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, str]:
        """Return the namespace and the ServiceAccount, "" for one that is not named."""
        del param, ctx
        return parse_account(value)


def for_option(command: F) -> F:
    """Add --for, which names further namespaces."""
    return click.option(
        "--for",
        "accounts",
        multiple=True,
        type=AccountName(),
        metavar="NAMESPACE[/SERVICEACCOUNT]",
        help="Another namespace whose pods are to pull with the Secret, and the ServiceAccount that gets it. "
        "Can be repeated. [default ServiceAccount: default]",
    )(command)


def shadowed_option(command: F) -> F:
    """Add --shadowed-recipients."""
    return click.option(
        "--shadowed-recipients",
        type=click.Choice(["keep", "drop"]),
        help="Whether the recipients of a rule that the new rule precedes can decrypt the Secret as well. "
        "[default: ask on a terminal]",
    )(command)


def commit_options(command: F) -> F:
    """Add --message, --message-prefix, --trailer, --no-commit, --branch and --push."""
    command = click.option(
        "--trailer",
        "trailers",
        multiple=True,
        metavar="KEY=VALUE",
        help="A trailer of the commit message, for example Ticket=OPS-12. Can be repeated.",
    )(command)
    command = click.option(
        "--message-prefix",
        metavar="TEXT",
        help="What the first line of the commit message begins with, for example 'chore: '. "
        "[default: as .gitops-secrets.yaml says]",
    )(command)
    command = click.option(
        "-m",
        "--message",
        metavar="TEXT",
        help="The commit message, in place of the one that lists the registries.",
    )(command)
    command = branch_option(command)
    command = click.option(
        "--push",
        is_flag=True,
        help="Push the commit. If the push is refused, the commit is undone.",
    )(command)
    return click.option(
        "--no-commit", is_flag=True, help="Write the files, but do not commit them."
    )(command)


def commit_message(
    message: str | None, prefix: str | None, trailers: Sequence[str]
) -> CommitMessage:
    """Return what the user says of the commit message. Raises UsageError for a trailer without a value."""
    from gitops_secrets.commands.repository.messages import CommitMessage

    pairs = []
    for trailer in trailers:
        key, equals, value = trailer.partition("=")
        if not equals or not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9-]*", key) or not value.strip():
            raise UsageError("a --trailer is KEY=VALUE", "--trailer Ticket=OPS-12")
        pairs.append((key, value.strip()))
    if "\n" in (prefix or "") or any("\n" in value for _, value in pairs):
        raise UsageError("--message-prefix and --trailer are one line each", "give one line")
    return CommitMessage(message, prefix, tuple(pairs))


def refuse_without_commit(*, no_commit: bool, push: bool, branch: str | None) -> None:
    """Raise UsageError if *no_commit* is given with an option that is about the commit."""
    if no_commit and (push or branch is not None):
        option = "--push" if push else "--branch"
        raise UsageError(f"{option} and --no-commit exclude each other", "leave one of the two out")


def kept_shadowed(answer: str | None) -> bool | None:
    """Return what --shadowed-recipients says; None if it is not given."""
    return None if answer is None else answer == "keep"


def ask_shadowed(cluster: Cluster, rule: CreationRule, recipients: Sequence[str]) -> bool:
    """Ask on the terminal whether *recipients* of *rule* keep it. Raises UsageError if there is none."""
    if not sys.stdin.isatty():
        names = ", ".join(recipients)
        raise UsageError(
            f".sops.yaml:{rule.line}: the new rule for {cluster.path} precedes this one, "
            f"by which {names} could decrypt the Secret: --shadowed-recipients says whether they keep that",
            "--shadowed-recipients keep",
            "--shadowed-recipients drop",
        )
    clear()
    click.echo(
        f"by the rule at .sops.yaml:{rule.line}, these could decrypt the Secret too:", err=True
    )
    for name in recipients:
        click.echo(f"  {plain(name)}", err=True)
    return click.confirm("Keep them as recipients?", default=True, err=True)
