"""The options that name registries and the sources of their credentials."""

from __future__ import annotations

from collections.abc import Callable

import click

from gitops_secrets.cli.options.shared import F


def registry_option(text: str) -> Callable[[F], F]:
    """Return what adds --registry with the help *text*; a GroupedCommand reads it, in its order."""
    return click.option(
        "--registry", expose_value=False, multiple=True, metavar="HOST[:PORT]", help=text
    )


def scope_option(command: F) -> F:
    """Add --scope, which belongs to the --registry before it."""
    return click.option(
        "--scope",
        expose_value=False,
        multiple=True,
        type=click.Choice(["host", "path"]),
        help="After --registry: key the credentials by host, or by path as well, as flux does. "
        "[default: host]",
    )(command)


def short_lived_option(command: F) -> F:
    """Add --short-lived, which takes tokens that expire soon."""
    return click.option(
        "--short-lived",
        is_flag=True,
        help="Take a token that expires within days. Flux stops pulling when it does.",
    )(command)


def source_options(command: F) -> F:
    """Add --scope, the credential sources and --short-lived."""
    command = short_lived_option(command)
    command = _source(
        "--registry-creds",
        "USER:PASSWORD",
        "As in flux. Process lists and the shell history show it.",
    )(command)
    command = _source(
        "--registry-creds-docker-config",
        "FILE",
        "The entry of the registry in a docker config, or the credential helper that it names.",
    )(command)
    command = _source(
        "--registry-creds-env", "NAME", "USER:PASSWORD from an environment variable."
    )(command)
    command = _source(
        "--registry-creds-file",
        "FILE",
        "USER:PASSWORD from a file, without one trailing newline.",
    )(command)
    command = click.option(
        "--registry-creds-stdin",
        expose_value=False,
        is_flag=True,
        help="USER:PASSWORD from standard input, without one trailing newline.",
    )(command)
    return scope_option(command)


def secret_option(command: F) -> F:
    """Add --image-pull-secret, which names the pull Secret that is there."""
    return click.option(
        "--image-pull-secret",
        "secret",
        metavar="NAME",
        help="The name of the pull Secret. [default: the only one of the cluster]",
    )(command)


def _source(name: str, metavar: str, text: str) -> Callable[[F], F]:
    return click.option(name, expose_value=False, multiple=True, metavar=metavar, help=text)
