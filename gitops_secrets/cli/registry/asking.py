"""How registries are asked, from the command line and the user's own settings."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gitops_secrets.cli.options import UserPath

if TYPE_CHECKING:
    from gitops_secrets.commands.registry.proving import Means


def asking_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --realm, --plain-http, --ca-file and --timeout."""
    for option in (
        click.option(
            "--timeout",
            type=click.FloatRange(min=0.1, max=600),
            default=30.0,
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
    ):
        command = option(command)
    return command


def means(
    realms: tuple[str, ...], plain_http: tuple[str, ...], ca_file: Path | None, timeout: float
) -> Means:
    """Return how registries are asked by these options and the user's own settings."""
    from gitops_secrets.adapters.settings import allowed_realms
    from gitops_secrets.commands.registry.proving import Means
    from gitops_secrets.core.registry.realm import Trust, parse_hosts

    trust = Trust(
        parse_hosts(realms, "--realm") | allowed_realms(), parse_hosts(plain_http, "--plain-http")
    )
    return Means(trust, ca_file, timeout)
