"""``gitops-secrets verify``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gitops_secrets.adapters.running.here import way_to_top
from gitops_secrets.cli.options.shared import identity_option, repository_option
from gitops_secrets.cli.printing.progress import steps
from gitops_secrets.cli.printing.say import answer
from gitops_secrets.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from gitops_secrets.commands.verify.signing import Trust


@click.command("verify", short_help="Check every encrypted file: values, readers, rules and MAC.")
@click.argument("paths", nargs=-1, type=click.Path())
@click.option("--staged", is_flag=True, help="The content of the next commit.")
@click.option("--range", "span", metavar="A..B", help="What the commits of a range bring.")
@click.option(
    "--history",
    is_flag=True,
    help="Also every earlier version, of every commit that a ref reaches.",
)
@click.option("--keyless", is_flag=True, help="Use no identity: leave out what needs the data key.")
@identity_option
@click.option(
    "--require-signed",
    is_flag=True,
    help="The commit that last changed each file has a good signature of somebody who may sign it.",
)
@click.option(
    "--policy",
    metavar="REVISION",
    help="Who may sign what is said in this revision; without it, in the A of --range.",
)
@click.option(
    "--allowed-signers",
    type=click.Path(path_type=Path),
    help="A file of SSH's allowed signers, outside the repository.",
)
@click.option(
    "--signer",
    "signers",
    multiple=True,
    metavar="KEY",
    help="The fingerprint of a key that may sign, or a principal. Repeatable.",
)
@click.option(
    "--fix",
    "fixes",
    is_flag=True,
    help="Bring the files of the work tree to their creation rules, if nobody else changed them.",
)
@click.option(
    "--dry-run", is_flag=True, help="With --fix: print what it would change; change nothing."
)
@click.option(
    "--yes", is_flag=True, help="With --fix: do not ask before more people can read a file."
)
@click.option(
    "--output",
    type=click.Choice(["text", "json", "sarif"]),
    default="text",
    show_default=True,
    help="The format of the report.",
)
@repository_option
def verify_command(
    *,
    paths: tuple[str, ...],
    staged: bool,
    span: str | None,
    history: bool,
    keyless: bool,
    age_identity_file: Path | None,
    require_signed: bool,
    policy: str | None,
    allowed_signers: Path | None,
    signers: tuple[str, ...],
    fixes: bool,
    dry_run: bool,
    yes: bool,
    output: str,
    repository: Path,
) -> ExitCode:
    """Check every encrypted file: that its values are encrypted, for the right readers, and unchanged.

    Without options: all files of the work tree, tracked or new. With PATHS: these files and folders.

    Without any key it checks the metadata, that every value is encrypted that the rules say is, the
    recipients, and that no version in Git has the MAC of another one. With an identity, that every value
    decrypts and that the MAC fits, which Flux does not check. It does not say who wrote a file: whoever
    knows the recipients can write a valid one. With --require-signed, Git says who signed it.

    With --fix, it encrypts what is readable, and brings recipients and rules to those of .sops.yaml, in all
    files or in none. It leaves a file that other hands changed, and says so. Nothing is staged or committed.

    Exit status 0 if nothing is found, 1 if there are findings, 3 if something could not be checked; with
    --fix, by what is found afterwards. No connection is opened, and no value is printed. Without --fix,
    nothing is written.
    """
    from gitops_secrets.cli.verify import text
    from gitops_secrets.cli.verify.document import verify_document
    from gitops_secrets.commands.verify.run import Request, verify

    trust = _trust(policy, allowed_signers, signers, is_asked=require_signed)
    if not fixes:
        _refuse_without_fix({"--dry-run": dry_run, "--yes": yes})
    elif output == "sarif":
        raise UsageError("--fix has no report in SARIF", "--output json")
    with steps() as step:
        request = Request(
            folder=repository,
            paths=paths,
            staged=staged,
            span=span,
            history=history,
            keyless=keyless,
            identity_file=age_identity_file,
            signed=trust,
            progress=step,
        )
        outcome = None
        if fixes:
            from gitops_secrets.cli.verify.asking import question
            from gitops_secrets.commands.verify.fix import fix

            outcome = fix(request, question(yes=yes), dry_run=dry_run)
        verified = outcome.verified if outcome is not None else verify(request)
    way = way_to_top(repository)
    if outcome is not None:
        fixed = outcome
        answer(output, lambda: verify_document(verified, fixed), lambda: text.fix_lines(fixed, way))
        return verified.outcome.exit_code
    if output == "sarif":
        from gitops_secrets.core.verify.checks import CHECKS
        from gitops_secrets.report.scan.sarif import render_with

        rules = [(check.ident, check.severity) for check in CHECKS]
        click.echo(render_with(verified.outcome, "verify.md", rules), nl=False)
    else:
        answer(output, lambda: verify_document(verified), lambda: text.lines(verified, way))
    return verified.outcome.exit_code


def _trust(
    policy: str | None, allowed_signers: Path | None, signers: tuple[str, ...], *, is_asked: bool
) -> Trust | None:
    from gitops_secrets.commands.verify.signing import Trust

    given = {"--policy": policy, "--allowed-signers": allowed_signers, "--signer": signers}
    for option, value in given.items():
        if value and not is_asked:
            raise UsageError(f"{option} needs --require-signed", "--require-signed")
    return Trust(policy, allowed_signers, signers) if is_asked else None


def _refuse_without_fix(given: Mapping[str, bool]) -> None:
    """Raise UsageError for an option of --fix without it."""
    for option, is_given in given.items():
        if is_given:
            raise UsageError(f"{option} needs --fix", "--fix")


COMMAND, ORDER = verify_command, 110
