"""``gitops-secrets scan``: the guard."""

from __future__ import annotations

import os
import sys
from datetime import datetime, timedelta
from pathlib import Path

import click

from gitops_secrets.adapters.git.objects import Git
from gitops_secrets.adapters.running.here import way_to_top
from gitops_secrets.adapters.running.terminal import is_terminal
from gitops_secrets.cli.printing.progress import steps
from gitops_secrets.cli.printing.say import painted, tell
from gitops_secrets.core.guard.outcome import Outcome
from gitops_secrets.core.guard.rules.groups import CHOICES, belongs
from gitops_secrets.errors import ExitCode, UsageError
from gitops_secrets.report.scan import formats, renderer

_ACCEPTED_FOR = timedelta(days=90)


@click.command(
    "scan", short_help="The guard: find readable registry credentials, Secrets and keys."
)
@click.argument("paths", nargs=-1, type=click.Path())
@click.option("--staged", is_flag=True, help="The content of the next commit (the default).")
@click.option("--index", is_flag=True, help="The content of PATHS in the index, changed or not.")
@click.option(
    "--tree",
    metavar="[REVISION]",
    is_flag=False,
    flag_value="HEAD",
    help="Every file of a revision. [default: HEAD]",
)
@click.option(
    "--range", "span", metavar="A..B", help="Every commit of a range, by the policy of A."
)
@click.option("--history", is_flag=True, help="Every commit that a ref reaches.")
@click.option(
    "--pre-receive", is_flag=True, help="What a push brings. Its refs are read from standard input."
)
@click.option(
    "--pre-push", metavar="REMOTE", help="What a push sends. Its refs are read from standard input."
)
@click.option(
    "--commit-msg",
    type=click.Path(exists=True, dir_okay=False),
    help="The commit message in this file, as Git passes it to a commit-msg hook.",
)
@click.option("--policy", metavar="REVISION", help="Take rules and exceptions from this revision.")
@click.option(
    "--allow-policy-changes", is_flag=True, help="Allow a push or range to change the policy."
)
@click.option("--only", type=click.Choice(CHOICES), default="all", help="Only this group of rules.")
@click.option(
    "--output",
    type=click.Choice(formats()),
    default="text",
    show_default=True,
    help="The format of the report.",
)
@click.option(
    "--accept",
    metavar="REASON",
    help="Add the findings of --tree to the baseline, for this reason.",
)
@click.option(
    "--expires",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="YYYY-MM-DD",
    help="When the exceptions of --accept expire. [default: in 90 days]",
)
@click.option("--no-cache", is_flag=True, help="With --history: ignore what earlier runs stored.")
@click.option(
    "--repo",
    type=click.Path(exists=True, file_okay=False),
    help="A folder in the repository. [default: the current folder]",
)
def scan_command(
    paths: tuple[str, ...],
    staged: bool,
    index: bool,
    tree: str | None,
    span: str | None,
    history: bool,
    pre_receive: bool,
    pre_push: str | None,
    commit_msg: str | None,
    policy: str | None,
    allow_policy_changes: bool,
    only: str,
    output: str,
    accept: str | None,
    expires: datetime | None,
    no_cache: bool,
    repo: str | None,
) -> int:
    """Find readable registry credentials, Secrets and private keys, with a hint how to fix each.

    Without options: what is staged. With PATHS: these files and folders on disk.

    Exit status 0 if nothing is found, 1 if there are findings, 3 if something could not be examined.
    Nothing that the repository names is run, and no connection is opened.
    """
    chosen = [
        name
        for name, given in (
            ("--staged", staged),
            ("--index", index),
            ("--tree", tree is not None),
            ("--range", span is not None),
            ("--history", history),
            ("--pre-receive", pre_receive),
            ("--pre-push", pre_push is not None),
            ("--commit-msg", commit_msg is not None),
        )
        if given
    ]
    if len(chosen) > 1:
        raise UsageError(f"{chosen[0]} and {chosen[1]} exclude each other")
    if paths and chosen and not index:
        raise UsageError(f"{chosen[0]} takes no paths", f"gitops-secrets scan {chosen[0]}")
    if policy is not None and (not chosen or staged or index):
        raise UsageError("--policy needs --tree, --range, --history or --pre-receive")
    git = Git(repo)
    if accept is not None:
        return _accept(git, tree, accept, expires)
    from gitops_secrets.commands.scan import files as scan
    from gitops_secrets.commands.scan.messages import refs_in, scan_draft, scan_refs
    from gitops_secrets.core.guard.judge.policy import Policy

    with steps() as step:
        if not history:
            step("scanning")
        if pre_receive:
            from gitops_secrets.commands.scan.pre_receive import parse_updates, scan_push

            given = sys.stdin.buffer.read()
            outcome = scan_push(git, parse_updates(given), policy, allow=allow_policy_changes)
            outcome = outcome.joined(scan_refs(refs_in(given), Policy()))
        elif pre_push is not None:
            from gitops_secrets.commands.scan.pre_push import parse_sent, scan_send

            given = sys.stdin.buffer.read()
            outcome = scan_send(git, pre_push, parse_sent(given))
            outcome = outcome.joined(scan_refs(refs_in(given), Policy()))
        elif commit_msg is not None:
            from gitops_secrets.commands.policy.policies import of_index

            outcome = scan_draft(Path(commit_msg).read_bytes(), of_index(git).policy)
        elif history:
            outcome = _history(git, policy, cached=not no_cache)
        elif span is not None:
            from gitops_secrets.commands.scan.range import scan_range

            outcome = scan_range(git, span, policy, allow=allow_policy_changes)
        elif tree is not None:
            outcome = scan.scan_tree(git, tree, policy)
        elif index:
            outcome = scan.scan_index(git, paths)
        elif paths:
            outcome = scan.scan_files(paths)
        else:
            from gitops_secrets.commands.scan.staged import scan_staged

            outcome = scan_staged(git)
    return report(outcome, output, only, way_to_top(repo or os.curdir))


def report(outcome: Outcome, form: str = "text", only: str = "all", way: str = "") -> int:
    """Print *outcome* in the *form* asked for and return the exit status.

    From the user's folder, *way* leads to the top of the repository.
    """
    if only != "all":
        outcome = outcome.only(lambda ident: belongs(ident, only))
    if form == "text":
        from gitops_secrets.report.scan.text import render

        said = render(outcome, way)
    else:
        said = renderer(form)(outcome)
    if form == "text":
        said = "".join(f"{painted(line, sys.stdout)}\n" for line in said.splitlines())
    # Not flushed here: the verdict stands whether or not somebody reads the report.
    sys.stdout.write(said)
    return outcome.exit_code


def _history(git: Git, policy: str | None, *, cached: bool) -> Outcome:
    from gitops_secrets.commands.scan.history import scan_history

    if not is_terminal(sys.stderr):
        return scan_history(git, policy, lambda *_: None, cached=cached)
    with click.progressbar(length=1, label="reading history", file=sys.stderr) as bar:

        def progress(done: int, total: int) -> None:
            bar.length = total
            bar.update(done - bar.pos)

        return scan_history(git, policy, progress, cached=cached)


def _accept(git: Git, tree: str | None, reason: str, expires: datetime | None) -> int:
    from gitops_secrets.commands.policy.policies import today
    from gitops_secrets.commands.scan.accept import accept
    from gitops_secrets.core.guard.judge.policy import BASELINE_FILE

    if tree is None:
        raise UsageError(
            "--accept needs --tree: what is accepted is in a commit",
            "gitops-secrets scan --tree --accept REASON",
        )
    until = expires.date() if expires else today() + _ACCEPTED_FOR
    number = accept(git, tree, reason, until)
    words = (
        f"{number} accepted until {until}; commit {BASELINE_FILE}" if number else "nothing found"
    )
    tell(f"gitops-secrets: {words}")
    return ExitCode.OK


COMMAND, ORDER = scan_command, 130
