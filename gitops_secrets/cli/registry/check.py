"""``gitops-secrets registry check``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from gitops_secrets.cli.options.clusters import Common, common_options
from gitops_secrets.cli.options.credentials import registry_option, scope_option, secret_option
from gitops_secrets.cli.options.registries import GroupedCommand
from gitops_secrets.cli.printing.progress import steps
from gitops_secrets.cli.printing.say import answer
from gitops_secrets.cli.registry.asking import Asking, asking_options
from gitops_secrets.cli.registry.change import given_registries
from gitops_secrets.core.registry.verdict import Verdict
from gitops_secrets.errors import ExitCode
from gitops_secrets.report.words import count

if TYPE_CHECKING:
    from gitops_secrets.commands.registry.check import Checked, Outcome


@click.command(
    "check", cls=GroupedCommand, short_help="Prove that the credentials of registries pull."
)
@click.argument("images", metavar="[IMAGE]...", nargs=-1)
@registry_option("Only this registry. Can be repeated. [default: every one of the pull Secrets]")
@scope_option
@asking_options(30.0)
@secret_option
@common_options
@click.pass_context
def check_command(
    context: click.Context,
    /,
    *,
    images: tuple[str, ...],
    asking: Asking,
    common: Common,
) -> ExitCode:
    """Ask the registries for the manifest of an image, first without and then with the credentials.

    Without IMAGE, the images, charts and sources in the manifests of the cluster are asked for. Nothing is
    written. Exit status 0 if every credential is accepted, 1 if one is refused, 3 if one could not be
    proven.

    \b
    gitops-secrets registry check --all
    gitops-secrets registry check registry.example.com:5000/team/web:1.4
    """  # noqa: D301
    from gitops_secrets.commands.registry.check import Request, check
    from gitops_secrets.core.registry.image import parse_image

    with steps() as step:
        outcome = check(
            Request(
                repository=common.repository,
                choice=common.choice,
                secret=common.secret,
                registries=given_registries(context, needed=False),
                images=[parse_image(image) for image in images],
                means=asking.means(),
                identity_file=common.identity_file,
                progress=step,
            )
        )
    answer(common.output, lambda: _document(outcome), lambda: _lines(outcome))
    if any(c.proof.judgement.verdict is Verdict.REFUSED for c in outcome.checked):
        return ExitCode.FINDINGS
    is_done = all(c.proof.is_good for c in outcome.checked) and not outcome.unopened
    return ExitCode.OK if is_done else ExitCode.REFUSED


def _document(outcome: Outcome) -> str:
    # It imports what every document of the registry commands is made of.
    from gitops_secrets.cli.registry.documents import check_document

    return check_document(outcome)


def _lines(outcome: Outcome) -> list[str]:
    from gitops_secrets.report.proofs import PRIVATE_REALM, hint, sentence, what_is_left

    width = max((len(c.proof.key) for c in outcome.checked), default=0)
    lines = []
    for checked in outcome.checked:
        proof = checked.proof
        verdict = proof.judgement.verdict
        lines.append(f"{proof.key:<{width}}  {verdict:<8}  {sentence(proof)}{_where(checked)}")
        if words := hint(proof, holders=checked.holders):
            lines.append(f"    hint: {words}")
        if proof.realm_is_private:
            lines.append(f"    note: {PRIVATE_REALM}")
        if proof.allowance is not None:
            lines.append(f"    note: {what_is_left(proof.allowance)}")
    lines += [
        f"{secret.namespace}/{secret.name} of {secret.cluster.path}: no identity on this machine decrypts {secret.path}"
        for secret in outcome.unopened
    ]
    good = sum(checked.proof.is_good for checked in outcome.checked)
    whole = count(len(outcome.checked), "credentials")
    return [*lines, f"gitops-secrets: {good} of {whole} accepted"]


def _where(checked: Checked) -> str:
    """Return the clusters of a credential that several hold."""
    return f" ({', '.join(checked.paths)})" if len(checked.paths) > 1 else ""
