"""Why a git failed whose words were not kept: it is asked a second time."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from gitops_secrets.adapters.git.missing import git_failed, lacks
from gitops_secrets.adapters.git.repository import words
from gitops_secrets.adapters.running.process import run
from gitops_secrets.errors import GitOpsSecretsError


def explain(
    folder: str | None,
    env: Mapping[str, str],
    arguments: Sequence[str],
    stdin: bytes,
    status: int,
) -> GitOpsSecretsError:
    """Return the error, with git's words, for *arguments* that ended with *status* in *folder*."""
    at = ("-C", folder) if folder is not None else ()
    if run(["git", *at, "rev-parse", "--git-dir"], env=env).status:
        return GitOpsSecretsError(
            f"{folder or os.getcwd()} is in no Git repository that git would read",
            "run it in a clone, pass --repo, or name files: gitops-secrets scan FILE",
        )
    again = run(["git", *at, *arguments], stdin=stdin, env=env)
    if again.status:
        return git_failed(arguments[0], words(again))
    # Its input came from another git, and is gone. In a partial clone it is likely to lack something.
    partial = ("config", "--get-regexp", r"^remote\..*\.promisor$")
    if not run(["git", *at, *partial], env=env).status:
        return lacks(f"what git {arguments[0]} asks for")
    return GitOpsSecretsError(f"git {arguments[0]} failed: status {status}")
