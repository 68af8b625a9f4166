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
    from gitops_secrets.core.flux.pulls.logins import Login
    from gitops_secrets.core.registry.image import Image

_TRIES = {
    Reader.KUBELET: "the kubelet tries, one after the other until one pulls",
    Reader.SOURCE_CONTROLLER: "source-controller takes",
    Reader.IMAGE_REFLECTOR: "image-reflector-controller takes",
}


@click.command(
    "explain", short_help="Say which entries are tried for an image, and in which order."
)
@click.argument("image")
@click.option(
    "--as",
    "reader",
    type=click.Choice([reader.value for reader in Reader]),
    help="Only as this one looks entries up. [default: all]",
)
@secret_option
@common_options
def explain_command(*, image: str, reader: str | None, common: Common) -> ExitCode:
    """Say which entries of the pull Secrets are tried for IMAGE, by whom and in which order.

    The kubelet tries every entry that matches, Flux's controllers take only the first. All pull Secrets of
    a namespace count, in the order of the files; a source of Flux that reads the image is shown with the
    Secrets that it names. No connection is opened.

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
    names = ", ".join(explained.secrets) or "no pull Secret"
    lines = ["", f"{explained.cluster}: namespace {explained.namespace}, {names}"]
    lines += [f"  not known: no identity on this machine decrypts {f}" for f in explained.unopened]
    for reader, entries in explained.tried.items():
        if not entries:
            found = (
                f"no entry that could be read covers {image.host}"
                if explained.unopened
                else f"no entry covers {image.host}, so it pulls without credentials"
            )
            lines.append(f"  {reader}: {found}")
            continue
        known = ", among the entries that could be read" if explained.unopened else ""
        lines.append(f"  {_TRIES[reader]}{known}:")
        lines += [
            f"    {number}. {entry.key} of {entry.secret}, user {entry.user}"
            for number, entry in enumerate(entries, 1)
        ]
    return lines + [f"  {login.source.object} {_said(login)}" for login in explained.logins]


def _said(login: Login) -> str:
    from gitops_secrets.core.flux.pulls.logins import Outcome

    names = " and ".join(login.secrets)
    match login.outcome:
        case Outcome.ENTRY if login.entries[1:]:
            keys = ", ".join(entry.key for entry in login.entries)
            return f"takes one of {keys} of {names}: which one is left to chance"
        case Outcome.ENTRY:
            entry = login.entries[0]
            return f"takes {entry.key} of {entry.secret}, user {entry.user}"
        case Outcome.CLOUD:
            ignored = f", and not with {names}" if login.secrets else ""
            return f"logs in with provider {login.source.cloud}{ignored}"
        case Outcome.FAILS:
            host = login.source.reference.partition("/")[0]
            return f"fails: {names} has no key for the host {host}"
        case Outcome.UNKNOWN:
            return "reads a Secret or a ServiceAccount of which Git does not say what it holds"
        case Outcome.ANONYMOUS if login.secrets:
            return f"reads without credentials: no entry of {names} covers it"
    return "reads without credentials: it names no Secret"
