"""gitops-secrets as README and docs/ install it: from a wheel of this tree, beside what the package registry has."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.hints.bases import BOOTSTRAP
from tests.hints.situation import Situation, follow
from tests.system.hints.installer import Installer, build_wheel
from tests.system.hints.of_installing import SITUATIONS


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the wheel."""
    return build_wheel(tmp_path_factory.mktemp("wheels"))


@pytest.fixture
def installer(tmp_path: Path, wheels: Path) -> Installer:
    return Installer(tmp_path, wheels)


@pytest.mark.parametrize(
    ("command", "then"),
    [
        ("pipx install 'gitops-secrets[cli]'", "verify --keyless"),
        ("pipx install 'gitops-secrets[all]'", BOOTSTRAP.removeprefix("gitops-secrets ")),
    ],
)
def test_what_is_installed_runs(installer: Installer, command: str, then: str) -> None:
    installer.commit({"README.md": "A repository\n"})
    installer.env["CREDS"] = "robot:password"
    installer.types(command)
    installer.types(f"~/.local/bin/gitops-secrets {then}")


@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda one: one.name.replace(" ", "-"))
def test_a_hint_works_where_it_is_printed(
    installer: Installer, situation: Situation[Installer]
) -> None:
    follow(installer, situation)
