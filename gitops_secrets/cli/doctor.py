"""``gitops-secrets doctor``."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gitops_secrets.cli.documents import doctor_document
from gitops_secrets.cli.options import identity_option, output_option, repository_option
from gitops_secrets.cli.say import say
from gitops_secrets.errors import ExitCode

if TYPE_CHECKING:
    from gitops_secrets.commands.doctor.run import Examined

_OF_A_KIND = 8
"""How many of one check are printed: one cause can show in hundreds of files, and a screen is a screen."""


@click.command("doctor", short_help="Explain why image pulls or decryption fail, or will fail.")
@click.option(
    "--path",
    "paths",
    multiple=True,
    metavar="PATH",
    help="Only this cluster, by its path as in flux bootstrap; may be repeated. "
    "[default: every one; with --context the only one]",
)
@click.option("--all", "all_clusters", is_flag=True, help="Every cluster, with --context too.")
@click.option("--context", metavar="NAME", help="Ask the cluster of this kubeconfig context too.")
@click.option("--kubeconfig", type=click.Path(path_type=Path), help="[default: kubectl's]")
@identity_option
@output_option
@repository_option
def doctor_command(
    *,
    paths: tuple[str, ...],
    all_clusters: bool,
    context: str | None,
    kubeconfig: Path | None,
    age_identity_file: Path | None,
    output: str,
    repository: Path,
) -> ExitCode:
    """Explain why image pulls or decryption fail, or will fail after the next push.

    Reads what Git holds: no connection is opened, and a key is needed only to list the registries. With
    --context the cluster is read too; nothing is written. Each problem has its evidence and a hint.
    Exit status 1 if problems are found.
    """
    from gitops_secrets.commands.doctor.run import Request, doctor

    examined = doctor(
        Request(
            repository=repository,
            paths=paths,
            all_clusters=all_clusters,
            context=context,
            kubeconfig=kubeconfig,
            identity_file=age_identity_file,
        )
    )
    render = doctor_document if output == "json" else _render_text
    click.echo(render(examined), nl=False)
    for error in examined.refused:
        for kind, words in (("error", error.message), *(("hint", hint) for hint in error.hints)):
            say(kind, words)
    if examined.refused:
        return ExitCode.REFUSED
    return ExitCode.FINDINGS if examined.diagnoses else ExitCode.OK


def _render_text(examined: Examined) -> str:
    lines: list[str] = []
    said = Counter[str]()
    for found in examined.diagnoses:
        said[found.check] += 1
        if said[found.check] > _OF_A_KIND:
            continue
        lines.append(f"{found.severity}[{found.check}]: {found.message}")
        lines.append(f"    see:  {', '.join(found.evidence)}")
        lines.append(f"    hint: {found.mend}")
    lines += [
        f"{check}: and {count - _OF_A_KIND} more, all of them with --output json"
        for check, count in said.items()
        if count > _OF_A_KIND
    ]
    what = (
        f"{len(examined.clusters)} cluster{'' if len(examined.clusters) == 1 else 's'}, "
        f"{examined.kustomizations} Kustomizations, {examined.encrypted} encrypted files"
    )
    if examined.unopened:
        what += (
            f", {examined.unopened} pull Secret{'' if examined.unopened == 1 else 's'} not opened"
        )
    count = len(examined.diagnoses)
    well = "healthy" if not examined.refused else "nothing wrong in what could be read"
    problems = well if not count else f"{count} problem{'' if count == 1 else 's'}"
    lines.append(f"gitops-secrets: {problems}: {what}")
    return "".join(f"{_plain(line)}\n" for line in lines)


def _plain(line: str) -> str:
    # Names come from the repository: none of them may steer the terminal.
    return "".join(c if c.isprintable() else "?" for c in line)
