"""``gitops-secrets registry``: the registries of a pull Secret."""

from __future__ import annotations

import click

from gitops_secrets.cli.registry.change import (
    add_command,
    import_command,
    remove_command,
    update_command,
)
from gitops_secrets.cli.registry.check import check_command
from gitops_secrets.cli.registry.explain import explain_command
from gitops_secrets.cli.registry.listing import list_command
from gitops_secrets.cli.registry.rotate import rotate_command


@click.group(
    "registry",
    no_args_is_help=False,
    short_help="The registries of a pull Secret: list, add, check and more.",
)
def registry_group() -> None:
    """Change and examine the registries of the pull Secret that bootstrap made.

    Each change is one commit with the fewest lines. Git is changed, and Flux brings the commit to the
    cluster.
    """


for command in (
    list_command,
    add_command,
    update_command,
    remove_command,
    import_command,
    check_command,
    explain_command,
    rotate_command,
):
    registry_group.add_command(command)


COMMAND, ORDER = registry_group, 40
