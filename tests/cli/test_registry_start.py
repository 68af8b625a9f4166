"""What registry check imports: starting up is most of what one check of a near registry takes."""

from __future__ import annotations

import httpx

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


def test_a_check_imports_nothing_that_it_does_not_use(fleet: User) -> None:
    command = ("registry", "check", "registry.example.com/team/app:1", "--timeout", "1")
    closed = {"PYTHONPROFILEIMPORTTIME": "1", "HTTPS_PROXY": "http://127.0.0.1:1"}

    said = fleet.run(*command, env=closed).stderr

    imported = {line.rpartition("|")[2].strip() for line in said.splitlines()}
    assert httpx.__name__ in imported
    assert not NOT_NEEDED & imported
