"""``gitops-secrets registry explain``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from gitops_secrets.cli.options.clusters import Common, common_options
from gitops_secrets.cli.options.credentials import secret_option
from gitops_secrets.cli.printing.progress import steps
from gitops_secrets.cli.printing.say import answer
from gitops_secrets.core.registry.lookup import Reader
from gitops_secrets.errors import ExitCode

if TYPE_CHECKING:
    from gitops_secrets.commands.registry.explain import Explained
    from gitops_secrets.core.registry.image import Image

_TRIES = {
    Reader.KUBELET: "the kubelet tries, one after the other until one pulls",
    Reader.SOURCE_CONTROLLER: "source-controller takes",
}


@click.command(
    "explain", short_help="Say which entries are tried for an image, and in which order."
)
@click.argument("image")
@click.option(
    "--as",
    "reader",
    type=click.Choice([reader.value for reader in Reader]),
    help="Only as this one looks entries up. [default: both]",
)
@secret_option
@common_options
def explain_command(*, image: str, reader: str | None, common: Common) -> ExitCode:
    """Say which entries of the pull Secrets are tried for IMAGE, by whom and in which order.

    The kubelet tries every entry that matches, Flux's source-controller only the first. All pull Secrets of
    a namespace count, in the order of the files. No connection is opened.

    \b
    gitops-secrets registry explain registry.example.com:5000/team/web:1.4
    """  # noqa: D301
    from gitops_secrets.cli.registry.documents import explain_document
    from gitops_secrets.commands.registry.explain import Request, explain
    from gitops_secrets.core.registry.image import parse_image

    asked = parse_image(image)
    with steps() as step:
        found = explain(
            Request(
                repository=common.repository,
                choice=common.choice,
                secret=common.secret,
                image=asked,
                readers=[Reader(reader)] if reader else list(Reader),
                identity_file=common.identity_file,
                progress=step,
            )
        )
    answer(
        common.output,
        lambda: explain_document(asked, found),
        lambda: [asked.name, *(line for one in found for line in _lines(one, asked))],
    )
    return ExitCode.OK


def _lines(explained: Explained, image: Image) -> list[str]:
    names = ", ".join(explained.secrets)
    lines = ["", f"{explained.cluster}: namespace {explained.namespace}, {names}"]
    lines += [f"  not known: no identity on this machine decrypts {f}" for f in explained.unopened]
    for reader, entries in explained.tried.items():
        if not entries:
            lines.append(
                f"  {reader}: no entry covers {image.host}, so it pulls without credentials"
            )
            continue
        lines.append(f"  {_TRIES[reader]}:")
        lines += [
            f"    {number}. {entry.key} of {entry.secret}, user {entry.user}"
            for number, entry in enumerate(entries, 1)
        ]
    return lines
