"""``gitops-secrets encrypt``."""

from __future__ import annotations

import sys
from pathlib import Path

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
def encrypt_command(
    *,
    source: Path,
    target: Path | None,
    age_recipients: tuple[str, ...],
    ignore_mac: bool,
    age_identity_file: Path | None,
    output: str,
) -> ExitCode:
    """Encrypt a manifest of Secrets by the creation rule that .sops.yaml has for it.

    In place, or from standard input to --to. A file that is encrypted already stays as it is, byte
    for byte; one that is encrypted in part, since somebody wrote a value into it, is encrypted in full.
    """
    from gitops_secrets.commands.secrets.encrypt import Request, encrypt

    is_stdin = str(source) == "-"
    outcome = encrypt(
        Request(
            source=None if is_stdin else source,
            content=sys.stdin.buffer.read() if is_stdin else b"",
            target=target,
            age_recipients=age_recipients,
            identity_file=age_identity_file,
            ignore_mac=ignore_mac,
        )
    )
    if output == "json":
        click.echo(encrypt_document(outcome), nl=False)
        return ExitCode.OK
    done = "encrypted" if outcome.changed else "is encrypted already"
    click.echo(f"{outcome.path}: {', '.join(outcome.objects)} {done}")
    click.echo(f"  values   {', '.join(outcome.keys)}")
    click.echo(f"  readers  {', '.join(map(shorten, outcome.recipients))}")
    for note in outcome.notes:
        click.echo(f"\nnote: {note}")
    return ExitCode.OK
