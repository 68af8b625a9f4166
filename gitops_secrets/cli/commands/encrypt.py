"""``gitops-secrets encrypt``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gitops_secrets.cli.options.shared import identity_option, output_option, verbose_option
from gitops_secrets.cli.printing.documents import encrypt_document
from gitops_secrets.cli.printing.progress import steps
from gitops_secrets.cli.printing.say import answer
from gitops_secrets.core.sops.keys.recipients import shorten
from gitops_secrets.errors import ExitCode

if TYPE_CHECKING:
    from gitops_secrets.commands.secrets.encrypt import Outcome


@click.command("encrypt", short_help="Encrypt a manifest of Secrets by its creation rule.")
@click.argument("source", metavar="FILE|-", type=click.Path(path_type=Path))
@click.option(
    "--to",
    "target",
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="The encrypted file. [default: in place]",
)
@click.option(
    "--age-recipient",
    "age_recipients",
    multiple=True,
    metavar="AGE1...",
    help="A recipient that can decrypt it, if no creation rule matches. Can be repeated.",
)
@click.option(
    "--add-rule",
    is_flag=True,
    help="Add a creation rule if none matches, for the clusters that apply the file.",
)
@click.option(
    "--ignore-mac",
    is_flag=True,
    help="Encrypt everything again, even if the file was changed since sops wrote it.",
)
@click.option(
    "--smallest-diff",
    is_flag=True,
    help="Give every value that is as in HEAD its ciphertext of HEAD again.",
)
@identity_option
@output_option
@verbose_option
def encrypt_command(
    *,
    source: Path,
    target: Path | None,
    age_recipients: tuple[str, ...],
    add_rule: bool,
    ignore_mac: bool,
    smallest_diff: bool,
    age_identity_file: Path | None,
    output: str,
) -> ExitCode:
    """Encrypt a manifest of Secrets by its creation rule in .sops.yaml.

    In place, or from standard input to --to. Idempotent: only changed values are re-encrypted, and a
    file that is encrypted already stays as it is. If somebody added a readable value to an encrypted
    file, that value is encrypted.
    """
    from gitops_secrets.commands.secrets.encrypt import Request, encrypt

    is_stdin = str(source) == "-"
    with steps() as step:
        step(f"encrypting {target or source}")
        outcome = encrypt(
            Request(
                source=None if is_stdin else source,
                content=sys.stdin.buffer.read() if is_stdin else b"",
                target=target,
                age_recipients=age_recipients,
                identity_file=age_identity_file,
                ignore_mac=ignore_mac,
                add_rule=add_rule,
                smallest_diff=smallest_diff,
            )
        )
    answer(output, lambda: encrypt_document(outcome), lambda: _lines(outcome))
    return ExitCode.OK


def _lines(outcome: Outcome) -> list[str]:
    done = "encrypted" if outcome.changed else "is encrypted already"
    return [
        f"{outcome.path}: {', '.join(outcome.objects)} {done}",
        f"  values   {', '.join(outcome.keys)}",
        f"  readers  {', '.join(map(shorten, outcome.recipients))}",
        *(line for note in outcome.notes for line in ("", f"note: {note}")),
    ]


COMMAND, ORDER = encrypt_command, 60
