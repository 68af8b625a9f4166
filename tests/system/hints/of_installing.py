"""Hints of an installation that lacks a library; pip gets the rest from the package registry that it always asks."""

from __future__ import annotations

from tests.hints.bases import BOOTSTRAP, empty, then
from tests.hints.situation import Situation
from tests.system.hints.installer import Installer

_OF_PIPX = BOOTSTRAP.replace("gitops-secrets", "~/.local/bin/gitops-secrets", 1)
_OF_PIP = BOOTSTRAP.replace("gitops-secrets", "~/venv/bin/gitops-secrets", 1)

SITUATIONS = (
    Situation[Installer](
        "an environment of pipx that lacks a library",
        then(empty, "pipx install gitops-secrets", "~/.local/bin/gitops-secrets scan"),
        _OF_PIPX,
        "pipx install --force 'gitops-secrets[all]'",
        status=3,
    ),
    Situation(
        "an environment of venv that lacks a library",
        then(
            empty, "python -m venv ~/venv && ~/venv/bin/pip install --quiet 'gitops-secrets[sops]'"
        ),
        _OF_PIP,
        "{} -m pip install 'gitops-secrets[{}]'",
        status=3,
    ),
)
