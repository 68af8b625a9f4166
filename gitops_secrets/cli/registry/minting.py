"""What mints the new credential of a rotation, from the command line and the user's own settings."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from gitops_secrets.adapters.registries.providers import provider_names
from gitops_secrets.cli.options.shared import F, UserPath
from gitops_secrets.cli.printing.exposed import warn_if_exposed
from gitops_secrets.errors import UsageError

if TYPE_CHECKING:
    from gitops_secrets.adapters.registries.minter import Access, Minter
    from gitops_secrets.core.registry.credentials import Credentials
    from gitops_secrets.core.registry.proof import Means
    from gitops_secrets.core.registry.reference import Registry

_EXEC_VARIABLE = "GITOPS_SECRETS_EXEC"
_EXEC = "exec"


class Minting(NamedTuple):
    """What the command line says of what mints."""

    provider: str | None
    command: str | None
    endpoint: str | None
    creds_env: str | None
    creds_file: Path | None

    def minter(self, registry: Registry, means: Means) -> Minter | None:
        """Return what mints for *registry*; None if the user brings the new credential.

        Raises UsageError for options that do not go together.
        """
        if self.provider in (None, _EXEC):
            return self._program(registry)
        assert self.provider is not None
        if self.command:
            raise UsageError(
                f"--exec names a program, and --provider {self.provider} mints itself",
                "leave one of them away",
            )
        from gitops_secrets.adapters.registries.providers import open_minter

        return open_minter(self.provider, self._access(registry, means))

    def _program(self, registry: Registry) -> Minter | None:
        from gitops_secrets.adapters.registries.program import Program
        from gitops_secrets.adapters.settings import program_for

        for option, value in (
            ("--endpoint", self.endpoint),
            ("--minting-creds-env", self.creds_env),
            ("--minting-creds-file", self.creds_file),
        ):
            if value is not None:
                raise UsageError(
                    f"{option} is for a provider, and none is named", "--provider NAME"
                )
        command = self.command or (program_for(registry.host) if self.provider else None)
        if self.provider and command is None:
            raise UsageError("--provider exec needs a program", "--exec mint-robot")
        return Program(command, registry.host) if command else None

    def _access(self, registry: Registry, means: Means) -> Access:
        from gitops_secrets.adapters.registries.minter import Access
        from gitops_secrets.core.registry.realm import parse_endpoint

        endpoint = (
            self.endpoint or f"{means.trust.origin_of(registry.host).scheme}://{registry.host}"
        )
        origin, path = parse_endpoint(endpoint, means.trust)
        return Access(origin, path, self._credentials(registry), means)

    def _credentials(self, registry: Registry) -> Credentials:
        from gitops_secrets.commands.registry import sources

        if self.creds_env is not None and self.creds_file is not None:
            raise UsageError(
                "--minting-creds-env and --minting-creds-file exclude each other",
                "leave one of them away",
            )
        if self.creds_env is not None:
            return sources.Variables("--minting-creds-env").source(self.creds_env)(registry)
        if self.creds_file is not None:
            warn_if_exposed(self.creds_file)
            return sources.file(self.creds_file)(registry)
        if not sys.stdin.isatty():
            raise UsageError(
                f"--provider {self.provider} needs a credential that may mint, and there is no terminal to ask for it",
                "--minting-creds-env NAME",
                "--minting-creds-file FILE",
            )
        return sources.prompt(
            lambda question, hidden: str(
                click.prompt(f"To mint: {question}", hide_input=hidden, err=True)
            )
        )(registry)


def minting_options(command: F) -> F:
    """Add what names the provider, its program or endpoint, and the credential that mints."""
    for option in (
        click.option(
            "--minting-creds-file",
            "creds_file",
            type=UserPath(),
            metavar="FILE",
            help="With --provider: USER:PASSWORD of who may mint, from a file.",
        ),
        click.option(
            "--minting-creds-env",
            "creds_env",
            metavar="NAME",
            help="With --provider: USER:PASSWORD of who may mint, from an environment variable.",
        ),
        click.option(
            "--endpoint",
            metavar="URL",
            help="With --provider: where its API is. [default: the registry's own host]",
        ),
        click.option(
            "--provider",
            type=click.Choice([_EXEC, *provider_names()]),
            help="Whose API mints; exec: the program that your settings name for the registry. "
            "[default: exec with --exec, else you bring it]",
        ),
        click.option(
            "--exec",
            "command",
            metavar="COMMAND",
            envvar=_EXEC_VARIABLE,
            help=f"Your program that mints and revokes; also by the variable {_EXEC_VARIABLE}.",
        ),
    ):
        command = option(command)
    return command
