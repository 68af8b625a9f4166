"""``gitops-secrets show``."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gitops_secrets.cli.options.shared import identity_option, output_option, verbose_option
from gitops_secrets.cli.printing.say import answer
from gitops_secrets.cli.printing.shown import show_diff_document, show_document
from gitops_secrets.core.sops.keys.recipients import shorten
from gitops_secrets.errors import ExitCode, UsageError
from gitops_secrets.report.words import count

if TYPE_CHECKING:
    from gitops_secrets.commands.merging.comparing import Comparison
    from gitops_secrets.commands.secrets.show import Object


@click.command("show", short_help="Describe an encrypted Secret without its values.")
@click.argument("file", metavar="FILE|-", type=click.Path(path_type=Path))
@click.option(
    "--reveal", is_flag=True, help="Print the decrypted manifest, after its MAC is checked."
)
@click.option("--key", metavar="KEY", help="Print only this value, decoded.")
@click.option(
    "--diff",
    "revision",
    metavar="[REVISION]",
    is_flag=False,
    flag_value="HEAD",
    help="Which values differ from those of a commit; with --reveal, how. [default: HEAD]",
)
@identity_option
@output_option
@verbose_option
def show_command(
    *,
    file: Path,
    reveal: bool,
    key: str | None,
    revision: str | None,
    age_identity_file: Path | None,
    output: str,
) -> ExitCode:
    """Describe what an encrypted Secret holds and who can decrypt it, without any value.

    No identity is needed. --reveal and --key print values, and need one. --diff needs one as well: it compares
    what two versions hold, even if the whole file was encrypted anew.

    \b
    gitops-secrets show apps/db.yaml --diff main
    """  # noqa: D301
    if revision is not None:
        return _show_diff(file, revision, reveal, key, age_identity_file, output)
    from gitops_secrets.commands.secrets.show import Request, describe
    from gitops_secrets.commands.secrets.show import reveal as reveal_file

    is_stdin = str(file) == "-"
    request = Request(
        file=None if is_stdin else file,
        content=sys.stdin.buffer.read() if is_stdin else b"",
        identity_file=age_identity_file,
    )
    if reveal or key is not None:
        if output == "json":
            raise UsageError(
                "--output json describes a Secret; --reveal and --key print what is in it",
                f"gitops-secrets show {shlex.quote(str(file))} --output json",
            )
        click.echo(reveal_file(request, key), nl=False)
        return ExitCode.OK
    name, objects = describe(request)
    answer(
        output,
        lambda: show_document(name, objects),
        lambda: [name, *(line for o in objects for line in _lines(o))],
    )
    return ExitCode.OK


def _show_diff(
    file: Path,
    revision: str,
    reveal: bool,
    key: str | None,
    identity_file: Path | None,
    output: str,
) -> ExitCode:
    from gitops_secrets.commands.merging.comparing import compare

    if key is not None or str(file) == "-":
        raise UsageError("--diff compares a whole file with a commit, without --key")
    if reveal and output == "json":
        raise UsageError("--output json says which values differ; --reveal prints them")
    found = compare(file, revision, identity_file)
    if reveal:
        for line in found.reveal():
            click.echo(line)
    else:
        answer(output, lambda: show_diff_document(found), lambda: _diff_lines(found))
    return ExitCode.OK


def _diff_lines(found: Comparison) -> list[str]:
    width = max((len(d.key) for d in found.differing), default=0)
    lines = [f"{found.path}, against commit {found.commit[:10]}"]
    name = ""
    for one in found.differing:
        if one.object != name:
            name = one.object
            lines += ["", f"  {name}"]
        lines.append(f"    {one.key:<{width}}  {one.what}")
    come, gone = found.readers
    lines += [f"  reader  {shorten(reader)}  added" for reader in come]
    lines += [f"  reader  {shorten(reader)}  removed" for reader in gone]
    same = f"{count(found.same, 'values')} {'is' if found.same == 1 else 'are'} the same"
    return [*lines, *([""] if len(lines) > 1 else []), same]


def _lines(found: Object) -> list[str]:
    where = f"{found.namespace}/{found.name}" if found.namespace else found.name
    lines = ["", f"  {found.kind or 'object'}  {where}" + (f", {found.type}" if found.type else "")]
    width = max((len(v.key) for v in found.values), default=0)
    for value in found.values:
        size = f"{value.size} bytes" if value.size is not None else ""
        mark = "READABLE" if value.state == "readable" else value.state
        lines.append(f"    {value.key:<{width}}  {mark}  {size}".rstrip())
    lines += [f"  reader  {shorten(reader)}" for reader in found.readers]
    if found.readers:
        lines.append(f"  opened by  {found.opened_by or 'no identity on this machine'}")
        lines.append(f"  written by sops {found.sops}, {found.lastmodified}")
    return lines


COMMAND, ORDER = show_command, 80
