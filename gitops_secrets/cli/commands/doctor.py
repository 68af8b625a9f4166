"""``gitops-secrets doctor``."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gitops_secrets.adapters.running.here import way_to_top
from gitops_secrets.cli.options.completions import cluster_paths, contexts
from gitops_secrets.cli.options.shared import identity_option, output_option, repository_option
from gitops_secrets.cli.printing.documents import doctor_document
from gitops_secrets.cli.printing.progress import steps
from gitops_secrets.cli.printing.say import answer, say_error
from gitops_secrets.errors import ExitCode
from gitops_secrets.report.words import count, from_here

if TYPE_CHECKING:
    from gitops_secrets.commands.doctor.run import Examined

_OF_A_KIND = 8
"""How many problems of one check are printed: one cause can show in hundreds of files."""


@click.command("doctor", short_help="Explain why image pulls or decryption fail, or will fail.")
@click.option(
    "--path",
    "paths",
    multiple=True,
    metavar="PATH",
    shell_complete=cluster_paths,
    help="Only the cluster with this path, as in flux bootstrap. Can be repeated. "
    "[default: every cluster; with --context the only one]",
)
@click.option("--all", "all_clusters", is_flag=True, help="Every cluster, even with --context.")
@click.option(
    "--context",
    metavar="NAME",
    shell_complete=contexts,
    help="Examine the cluster of this kubeconfig context as well.",
)
@click.option(
    "--kubeconfig",
    type=click.Path(path_type=Path),
    help="The kubeconfig file. [default: as kubectl]",
)
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

    Reads what Git holds. No connection is opened, and an identity is needed only to list the
    registries. With --context the cluster is read as well. Nothing is written. Each problem has its
    evidence and a hint. Exit status 1 if problems are found.
    """
    from gitops_secrets.commands.doctor.run import Request, doctor

    with steps() as step:
        examined = doctor(
            Request(
                repository=repository,
                paths=paths,
                all_clusters=all_clusters,
                context=context,
                kubeconfig=kubeconfig,
                identity_file=age_identity_file,
                progress=step,
            )
        )
    answer(
        output, lambda: doctor_document(examined), lambda: _lines(examined, way_to_top(repository))
    )
    for error in examined.refused:
        say_error(error.message, error.hints)
    if examined.refused:
        return ExitCode.REFUSED
    return ExitCode.FINDINGS if examined.diagnoses else ExitCode.OK


def _lines(examined: Examined, way: str) -> list[str]:
    lines: list[str] = []
    said = Counter[str]()
    for found in examined.diagnoses:
        said[found.check] += 1
        if said[found.check] > _OF_A_KIND:
            continue
        lines.append(f"{found.severity}[{found.check}]: {found.message}")
        lines.append(f"    see:  {', '.join(found.evidence)}")
        lines.append(f"    hint: {from_here(found.fix, way)}")
    lines += [
        f"{check}: and {number - _OF_A_KIND} more, all of them with --output json"
        for check, number in said.items()
        if number > _OF_A_KIND
    ]
    what = (
        f"{count(len(examined.clusters), 'clusters')}, "
        f"{count(examined.kustomizations, 'Kustomizations')}, "
        f"{count(examined.encrypted, 'encrypted files')}"
    )
    if examined.unopened:
        what += f", {count(examined.unopened, 'pull Secrets')} not opened"
    well = "healthy" if not examined.refused else "no problem in what could be read"
    if examined.notes and not examined.refused:
        well = f"no problems, and {count(len(examined.notes), 'notes')}"
    problems = count(len(examined.diagnoses), "problems") if examined.diagnoses else well
    notes = [f"note: {note}" for note in examined.notes]
    return [*lines, f"gitops-secrets: {problems}: {what}", *notes]


COMMAND, ORDER = doctor_command, 100
