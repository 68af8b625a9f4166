"""How registries are asked, from the command line and the user's own settings."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import click

from gitops_secrets.cli.options.shared import UserPath
from gitops_secrets.errors import ExitCode

if TYPE_CHECKING:
    from gitops_secrets.core.registry.proof import Means

Command: TypeAlias = Callable[..., ExitCode]


class Asking(NamedTuple):
    """What the command line says of how registries are asked."""

    realms: tuple[str, ...]
    plain_http: tuple[str, ...]
    ca_file: Path | None
    timeout: float

    def means(self) -> Means:
        """Return how registries are asked by these options and the user's own settings."""
        from gitops_secrets.adapters.settings import allowed_realms
        from gitops_secrets.core.registry.proof import Means
        from gitops_secrets.core.registry.realm import Trust, parse_hosts

        realms = parse_hosts(self.realms, "--realm") | allowed_realms()
        plain = parse_hosts(self.plain_http, "--plain-http")
        return Means(Trust(realms, plain), self.ca_file, self.timeout)


def asking_options(patience: float) -> Callable[[Command], Command]:
    """Return what adds --realm, --plain-http, --ca-file and --timeout, by default *patience* seconds.

    The command gets them as its argument ``asking``.
    """

    def add(command: Command) -> Command:
        @functools.wraps(command)
        def gathered(
            *positional: Any,
            realms: tuple[str, ...],
            plain_http: tuple[str, ...],
            ca_file: Path | None,
            timeout: float,
            **own: Any,
        ) -> ExitCode:
            asking = Asking(realms, plain_http, ca_file, timeout)
            return command(*positional, asking=asking, **own)

        whole: Command = gathered
        for option in _options(patience):
            whole = option(whole)
        return whole

    return add


def _options(patience: float) -> tuple[Callable[[Command], Command], ...]:
    return (
        click.option(
            "--timeout",
            type=click.FloatRange(min=0.1, max=600),
            default=patience,
            show_default=True,
            metavar="SECONDS",
            help="The longest time that one registry may take to answer.",
        ),
        click.option(
            "--ca-file",
            type=UserPath(),
            help="Certificates in PEM form to trust beside those of this machine.",
        ),
        click.option(
            "--plain-http",
            multiple=True,
            metavar="HOST[:PORT]",
            help="Ask this registry or realm without TLS: others can read the credentials. Can be repeated.",
        ),
        click.option(
            "--realm",
            "realms",
            multiple=True,
            metavar="HOST[:PORT]",
            help="A token server on another host that may get the credentials. Can be repeated.",
        ),
    )
