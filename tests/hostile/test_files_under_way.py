"""A repository holds a file, or a symlink, of the name that a file has while it is written."""

from __future__ import annotations

from pathlib import Path

import pytest

from gitops_secrets.adapters.files import new_token, replace_file, temporary_of
from tests.field import gotk
from tests.support.secrets import opaque, word
from tests.support.user import BOOTSTRAP, User

NAMES = ("..sops.yaml.gitops-secrets.tmp", "apps/.db.yaml.gitops-secrets.tmp")


def test_what_has_the_name_of_a_file_under_way_is_not_followed(tmp_path: Path) -> None:
    victim, path, token = tmp_path / "victim", tmp_path / "file", new_token()
    victim.write_text("as it was")
    temporary_of(path, token).symlink_to(victim)
    with pytest.raises(FileExistsError):
        replace_file(path, b"new", token)
    assert victim.read_text() == "as it was"
    assert temporary_of(path, token).is_symlink(), "and it is left alone"
    assert not path.exists()


def test_no_two_runs_have_the_same_names() -> None:
    assert len({new_token() for _ in range(100)}) == 100


@pytest.mark.parametrize("as_link", [True, False], ids=["symlink", "file"])
def test_a_repository_that_foresees_the_name_reaches_nothing(user: User, as_link: bool) -> None:
    victim = user.home / ".bashrc"
    victim.write_text("alias ll='ls -l'\n")
    user.commit({**gotk.LAYOUTS["one cluster"].files, "apps/README.md": "apps\n"})
    for name in NAMES:
        path = user.repository / name
        if as_link:
            path.symlink_to(victim)
        else:
            path.write_text("tracked\n")
    user.commit({})

    for arguments in (
        BOOTSTRAP,
        ("encrypt", "-", "--to", "apps/db.yaml", "--add-rule"),
        ("attach", "team-a"),
    ):
        stdin = opaque(word()).encode()
        done = user.run(*arguments, env={"CREDS": "robot:password"}, stdin=stdin)
        assert done.status == 0, done.printed
        user.commit({})

    assert victim.read_text() == "alias ll='ls -l'\n"
    for name in NAMES:
        path = user.repository / name
        assert path.is_symlink() == as_link
        assert as_link or path.read_text() == "tracked\n"
    assert not (user.repository / "apps/db.yaml").is_symlink()
