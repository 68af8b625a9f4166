"""``gitops-secrets registry rotate``."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gitops_secrets.cli.options.clusters import Common, common_options
from gitops_secrets.cli.options.completions import contexts
from gitops_secrets.cli.options.credentials import registry_option, secret_option, source_options
from gitops_secrets.cli.options.registries import (
    ORDERED,
    GroupedCommand,
    credential_sources,
    read_groups,
    resumed,
)
from gitops_secrets.cli.options.shared import F, UserPath, branch_option
from gitops_secrets.cli.printing.branches import request_lines
from gitops_secrets.cli.printing.progress import steps
from gitops_secrets.cli.printing.say import answer, say_error, tell
from gitops_secrets.cli.registry.asking import Asking, asking_options
from gitops_secrets.cli.registry.change import given_registries
from gitops_secrets.cli.registry.minting import Minting, minting_options
from gitops_secrets.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from gitops_secrets.commands.registry.rotation.model import Outcome
    from gitops_secrets.core.registry.credentials import Credentials
    from gitops_secrets.core.registry.rotation.stages import Step


class Duration(click.ParamType[dt.timedelta]):
    """A number of days or hours, as 7d or 36h."""

    name = "duration"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> dt.timedelta:
        """Return *value* as a time span."""
        if isinstance(value, dt.timedelta):
            return value
        found = re.fullmatch(r"([0-9]{1,4})([dh])", str(value))
        if found is None:
            self.fail("it is not a number of days or hours, as 7d or 36h", param, ctx)
        number = int(found[1])
        return dt.timedelta(days=number) if found[2] == "d" else dt.timedelta(hours=number)


def _proving_options(command: F) -> F:
    for option in (
        click.option(
            "--check",
            "mode",
            type=click.Choice(["require", "never"]),
            default="require",
            show_default=True,
            help="Whether the new credential has to be proven.",
        ),
        click.option(
            "--image",
            "images",
            multiple=True,
            help="An image to prove by. Can be repeated. [default: those in the manifests]",
        ),
    ):
        command = option(command)
    return command


def _ending_options(command: F) -> F:
    for option in (
        click.option("--resume", is_flag=True, help="Go on where an earlier run stopped."),
        click.option("--keep-old", is_flag=True, help="Stop before the old one is revoked."),
        click.option(
            "--reactivate",
            is_flag=True,
            help="Take the old one into use again that was paused, and do nothing else.",
        ),
        click.option(
            "--pause-after",
            type=Duration(),
            metavar="DAYS",
            help="How long after the commit the old one is paused, if the provider can: "
            "--reactivate takes it back. [default: just before it is revoked]",
        ),
        click.option(
            "--revoke-after",
            type=Duration(),
            default="0d",
            show_default=True,
            metavar="DAYS",
            help="How long the old one stays after the commit, as 7d or 36h: --resume revokes it then.",
        ),
        click.option(
            "--revoke",
            multiple=True,
            metavar="ID",
            help="The id of the old credential, if the program's list does not tell. Can be repeated.",
        ),
        click.option(
            "--wait",
            type=click.FloatRange(min=0, max=86400),
            default=300,
            show_default=True,
            metavar="SECONDS",
            help="The longest time that the clusters may take to apply the commit.",
        ),
        click.option(
            "--confirmed",
            multiple=True,
            metavar="PATH",
            help="You saw that the cluster at PATH applied the commit. Can be repeated.",
        ),
        click.option("--kubeconfig", type=UserPath(), help="The kubeconfig. [default: as kubectl]"),
        click.option(
            "--context",
            "named_contexts",
            multiple=True,
            metavar="[PATH=]NAME",
            shell_complete=contexts,
            help="The context of a cluster, to see that it applied the commit. Can be repeated.",
        ),
        click.option("--push", is_flag=True, help="Push the commit."),
        branch_option,
        click.option(
            "--due",
            type=Duration(),
            metavar="DAYS",
            help="Do nothing unless the credential ends within this time, as 14d, or a rotation of it is unfinished: "
            "for a scheduled job.",
        ),
    ):
        command = option(command)
    return command


@click.command("rotate", cls=GroupedCommand, short_help="Replace a credential, the old one last.")
@registry_option("The registry of the credential.")
@source_options
@_proving_options
@minting_options
@_ending_options
@asking_options(30.0)
@click.option(
    "--dry-run", is_flag=True, help="Print what holds the credential; mint and change nothing."
)
@secret_option
@common_options
@click.pass_context
def rotate_command(
    context: click.Context,
    /,
    *,
    short_lived: bool,
    provider: str | None,
    command: str | None,
    endpoint: str | None,
    creds_env: str | None,
    creds_file: Path | None,
    images: tuple[str, ...],
    mode: str,
    branch: str | None,
    push: bool,
    named_contexts: tuple[str, ...],
    kubeconfig: Path | None,
    confirmed: tuple[str, ...],
    wait: float,
    revoke: tuple[str, ...],
    keep_old: bool,
    revoke_after: dt.timedelta,
    pause_after: dt.timedelta | None,
    reactivate: bool,
    due: dt.timedelta | None,
    resume: bool,
    asking: Asking,
    dry_run: bool,
    common: Common,
) -> ExitCode:
    """Replace the credential of a registry everywhere in the repository, and revoke the old one last.

    It mints a new credential, or takes yours, proves that it pulls, and writes it into every pull Secret that
    holds the old one: one commit. Once every cluster has it, the old one is revoked and seen to be refused.
    A run that stops says how to go on. Exit status 0 if nothing failed, 3 if a stage did; the old
    credential works until it is revoked.

    \b
    gitops-secrets registry rotate --registry registry.example.com:5000 --exec mint-robot --push
    gitops-secrets registry rotate --registry registry.example.com:5000 --exec mint-robot --resume --context prod
    gitops-secrets registry rotate --registry git.example.com --provider gitea --minting-creds-env MINTING_CREDS
    gitops-secrets registry rotate --registry ghcr.io --registry-creds-env NEW_CREDS
    """  # noqa: D301
    from gitops_secrets.cli.registry.documents import rotate_document
    from gitops_secrets.commands.registry.rotation.model import Request
    from gitops_secrets.commands.registry.rotation.run import rotate
    from gitops_secrets.core.registry.image import parse_image

    registries = given_registries(context)
    if len(registries) > 1:
        raise UsageError("one rotation is of one registry", f"--registry {registries[0].key}")
    means = asking.means()
    minting = Minting(provider, command, endpoint, creds_env, creds_file)
    minter = minting.minter(registries[0], means)
    read = _source(
        context, short_lived=short_lived, is_minted=minter is not None, resume=resume or reactivate
    )
    ordered = context.meta[ORDERED]
    is_json = common.output == "json"
    with steps() as step:
        outcome = rotate(
            Request(
                repository=common.repository,
                choice=common.choice,
                secret=common.secret,
                registry=registries[0],
                resume_with=resumed("registry rotate", context.command, ordered, sources=False),
                minter=minter,
                read=read,
                means=means,
                images=[parse_image(image) for image in images],
                check=mode == "require",
                contexts=named_contexts,
                kubeconfig=kubeconfig,
                confirmed=frozenset(path.rstrip("/") for path in confirmed),
                wait=wait,
                revoke=revoke,
                branch=branch,
                push=push,
                keep_old=keep_old,
                revoke_after=revoke_after,
                pause_after=pause_after,
                reactivate=reactivate,
                due=due,
                resume=resume or reactivate,
                dry_run=dry_run,
                identity_file=common.identity_file,
                progress=step,
                tell=(lambda _: None) if is_json else _tell,
            )
        )
    answer(
        common.output,
        lambda: rotate_document(registries[0].key, outcome, dry_run=dry_run),
        lambda: _lines(outcome, dry_run=dry_run),
    )
    if outcome.failure is None:
        return ExitCode.OK
    say_error(outcome.failure.message, outcome.failure.hints)
    return ExitCode.REFUSED


def _source(
    context: click.Context, *, short_lived: bool, is_minted: bool, resume: bool
) -> Callable[[], Credentials] | None:
    """Return what reads the credential that the user brings, None if none is brought."""
    groups = read_groups(context.meta[ORDERED])
    if is_minted and groups[0].source is not None:
        raise UsageError(
            "the new credential is minted, and a source of credentials brings one too",
            "leave one of them away",
        )
    if is_minted or (resume and groups[0].source is None):
        return None
    registry, source = credential_sources(groups, short_lived=short_lived)[0]
    assert registry is not None
    return lambda: source(registry)


def _tell(step: Step) -> None:
    tell(f"{step.stage:<14}{step.state:<8}  {step.words}")


def _lines(outcome: Outcome, *, dry_run: bool) -> list[str]:
    lines = [f"note: {outcome.recovered}"] if outcome.recovered else []
    if dry_run:
        return ["nothing was minted or written", *(f"  {h.path}" for h in outcome.holders)]
    lines += [
        f"note: {ident} was made for this repository, and nothing in it holds it: --revoke {ident} revokes it "
        "with the old one"
        for ident in outcome.orphans
    ]
    new = outcome.new_branch
    if outcome.resume is not None and new is not None:
        lines += request_lines(new, outcome.addresses)
        lines += ["", "to go on, once it is merged:"]
        lines += [f"  git switch {new.base} && git pull", f"  {outcome.resume}"]
    elif outcome.resume is not None:
        lines += ["", "to go on:", f"  {outcome.resume}"]
    elif outcome.is_complete:
        lines += ["gitops-secrets: the rotation is complete"]
    return lines
