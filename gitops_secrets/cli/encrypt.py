"""``gitops-secrets encrypt``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from gitops_secrets.cli.documents import encrypt_document
from gitops_secrets.cli.options import identity_option, output_option, verbose_option
from gitops_secrets.core.sops.recipients import shorten
from gitops_secrets.errors import ExitCode


@click.command("encrypt", short_help="Encrypt a manifest of Secrets, by its creation rule.")
@click.argument("source", metavar="FILE|-", type=click.Path(path_type=Path))
@click.option(
    "--to",
    "target",
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="Where the encrypted file goes. [default: in place]",
)
@click.option(
    "--age-recipient",
    "age_recipients",
    multiple=True,
    metavar="AGE1...",
    help="Who reads it, where no creation rule matches. May be repeated.",
)
@click.option(
    "--ignore-mac",
    is_flag=True,
    help="Encrypt all of it anew, though it was changed since sops wrote it.",
)
@identity_option
@output_option
@verbose_option
def encrypt_command(**options: Any) -> ExitCode:
    """Encrypt a manifest of Secrets by the creation rule that .sops.yaml has for it.

    In place, or from standard input to --to. A file that is encrypted already stays as it is, byte
    for byte; one that is encrypted in part, since somebody wrote a value into it, is encrypted in full.
    """
    from gitops_secrets.commands.secrets.encrypt import Outcome, Request, encrypt

    is_stdin = str(options["source"]) == "-"
    outcome: Outcome = encrypt(
        Request(
            source=None if is_stdin else options["source"],
            content=sys.stdin.buffer.read() if is_stdin else b"",
            target=options["target"],
            age_recipients=options["age_recipients"],
            identity_file=options["age_identity_file"],
            ignore_mac=options["ignore_mac"],
        )
    )
    if options["output"] == "json":
        click.echo(encrypt_document(outcome), nl=False)
        return ExitCode.OK
    done = "encrypted" if outcome.changed else "is encrypted already"
    click.echo(f"{outcome.path}: {', '.join(outcome.objects)} {done}")
    click.echo(f"  values   {', '.join(outcome.keys)}")
    click.echo(f"  readers  {', '.join(map(shorten, outcome.recipients))}")
    for note in outcome.notes:
        click.echo(f"\nnote: {note}")
    return ExitCode.OK
