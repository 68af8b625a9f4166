"""What the registry commands import: starting up is most of what a short one of them takes."""

from __future__ import annotations

import httpx
import pytest

from tests.support.fleet import fleet
from tests.support.user import User

__all__ = ["fleet"]

NOT_NEEDED = {
    # httpx has a command line of its own, which it imports with rich if that is installed.
    "rich",
    "gitops_secrets.cli.registry.documents",
    "gitops_secrets.adapters.writing.transaction",
    "kubernetes",
}
MINTING = ("gitops_secrets.adapters.registries.minter", "gitops_secrets.core.registry.rotation")


def imported(user: User, *command: str, **env: str) -> set[str]:
    """Return the modules that *command* imports."""
    said = user.run(*command, env={"PYTHONPROFILEIMPORTTIME": "1", **env}).stderr
    return {line.rpartition("|")[2].strip() for line in said.splitlines()}


def test_a_check_imports_nothing_that_it_does_not_use(fleet: User) -> None:
    command = ("registry", "check", "registry.example.com/team/app:1", "--timeout", "1")
    found = imported(fleet, *command, HTTPS_PROXY="http://127.0.0.1:1")
    assert httpx.__name__ in found
    assert not NOT_NEEDED & found


@pytest.mark.parametrize("command", ["list", "check", "add"])
def test_the_command_line_alone_imports_nothing_that_mints(fleet: User, command: str) -> None:
    found = imported(fleet, "registry", command, "--help")
    assert "gitops_secrets.cli.registry.rotate" in found
    assert sorted(name for name in found if name.startswith(MINTING)) == []
