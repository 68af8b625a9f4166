"""The options of commands about clusters in a repository, read once."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from gitops_secrets.cli.options.shared import (
    cluster_options,
    identity_option,
    output_option,
    repository_option,
    verbose_option,
)
from gitops_secrets.errors import ExitCode

if TYPE_CHECKING:
    from gitops_secrets.commands.repository.clusters import Choice


class Common(NamedTuple):
    """What the command line says of where and how."""

    paths: tuple[str, ...]
    all_clusters: bool
    identity_file: Path | None
    output: str
    repository: Path
    secret: str | None = None
    """The pull Secret that is meant, for commands with secret_option."""

    @property
    def choice(self) -> Choice:
        """The clusters that are meant."""
        from gitops_secrets.commands.repository.clusters import Choice

        return Choice(self.paths, self.all_clusters)


def common_options(
    command: Callable[..., ExitCode], forms: Sequence[str] = ("text", "json")
) -> Callable[..., ExitCode]:
    """Add the options to *command*, which gets them as its argument ``common``; *forms* are those of --output."""

    @functools.wraps(command)
    def gathered(
        *positional: Any,
        paths: tuple[str, ...],
        all_clusters: bool,
        age_identity_file: Path | None,
        output: str,
        repository: Path,
        secret: str | None = None,
        **own: Any,
    ) -> ExitCode:
        common = Common(paths, all_clusters, age_identity_file, output, repository, secret)
        return command(*positional, common=common, **own)

    for option in (
        verbose_option,
        repository_option,
        functools.partial(output_option, forms=forms),
        identity_option,
        cluster_options,
    ):
        gathered = option(gathered)
    return gathered
