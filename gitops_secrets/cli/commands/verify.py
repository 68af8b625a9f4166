"""``gitops-secrets verify``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gitops_secrets.adapters.running.here import way_to_top
from gitops_secrets.cli.options.shared import identity_option, repository_option
from gitops_secrets.cli.printing.progress import steps
from gitops_secrets.cli.printing.say import answer
from gitops_secrets.errors import ExitCode, UsageError
from gitops_secrets.report.words import count

if TYPE_CHECKING:
    from gitops_secrets.commands.verify.run import Verified
    from gitops_secrets.commands.verify.signing import Trust

_NOTES = 5
"""How many notes are printed."""
_SIGNED = "it proves whose key signed the commit, not who wrote the values"


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
    output: str,
    repository: Path,
) -> ExitCode:
    """Check every encrypted file: that its values are encrypted, for the right readers, and unchanged.

    Without options: all files of the work tree, tracked or new. With PATHS: these files and folders.

    Without any key it checks the metadata, that every value is encrypted that the rules say is, the
    recipients, and that no version in Git has the MAC of another one. With an identity, that every value
    decrypts and that the MAC fits, which Flux does not check. It does not say who wrote a file: whoever
    knows the recipients can write a valid one. With --require-signed, Git says who signed it.

    Exit status 0 if nothing is found, 1 if there are findings, 3 if something could not be checked.
    No connection is opened, nothing is written, and no value is printed.
    """
    from gitops_secrets.cli.printing.documents import verify_document
    from gitops_secrets.commands.verify.run import Request, verify

    trust = _trust(policy, allowed_signers, signers, is_asked=require_signed)
    with steps() as step:
        verified = verify(
            Request(
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
        )
    if output == "sarif":
        from gitops_secrets.core.verify.checks import CHECKS
        from gitops_secrets.report.scan.sarif import render_with

        rules = [(check.ident, check.severity) for check in CHECKS]
        click.echo(render_with(verified.outcome, "verify.md", rules), nl=False)
    else:
        answer(output, lambda: verify_document(verified), lambda: _lines(verified, repository))
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


def _lines(verified: Verified, repository: Path) -> list[str]:
    from gitops_secrets.report.scan.text import render

    *lines, summary = render(verified.outcome, way_to_top(repository)).splitlines()
    lines += [f"note: {note}" for note in verified.notes[:_NOTES]]
    if len(verified.notes) > _NOTES:
        more = len(verified.notes) - _NOTES
        lines.append(f"note: and {more} more, all of them with --output json")
    looked_at = verified.outcome.looked_at
    if verified.versions:
        lines.append(f"held against {count(verified.versions, 'earlier versions')} in Git")
    if looked_at and verified.keyless:
        lines.append("no identity was used: no value was decrypted, and no MAC was computed")
    elif looked_at:
        lines.append(_proven(verified, looked_at))
    if verified.signed is not None:
        lines.append(f"a signature is needed for {count(verified.signed, 'files')}; {_SIGNED}")
    return [*lines, summary]


def _proven(verified: Verified, looked_at: int) -> str:
    """Return what was seen with the identities at hand."""
    opened = looked_at - verified.unopened
    if not opened:
        return f"no identity at hand opens {count(looked_at, 'files')}: no value was decrypted, and no MAC was computed"
    which = ""
    if verified.unopened:
        which = f" that an identity at hand opens, and {count(verified.unopened, 'files')} stayed closed"
    return f"every value decrypts and the MAC fits in {verified.intact} of {opened}{which}; who wrote them is not proven"


COMMAND, ORDER = verify_command, 110
