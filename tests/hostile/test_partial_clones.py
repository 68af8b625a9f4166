"""A clone that lacks contents: where a verdict depends on them that is said, and nothing else is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.guard.corpus.case import ONLY_DATA, Fresh, encrypt
from tests.support.user import User

SECRET = "apps/regcred.sops.yaml"


@pytest.fixture(scope="module")
def sealed() -> str:
    return encrypt(Fresh().secret, *ONLY_DATA)


def partial(user: User, folder: Path, *, checked_out: bool) -> User:
    """The user in a clone without contents, or with those of the files that are checked out."""
    user.git("config", "uploadpack.allowFilter", "true")
    how = () if checked_out else ("--no-checkout",)
    url = user.repository.as_uri()
    user.git("clone", "--quiet", "--filter=blob:none", *how, url, str(folder), cwd=user.home)
    clone = user.moved(user.home.parent)
    clone.repository = folder
    if not checked_out:
        clone.git("read-tree", "HEAD")
    return clone


TREELESS = {
    "staged": ("scan",),
    "--tree": ("scan", "--tree", "HEAD"),
    "--range": ("scan", "--range", "HEAD~1..HEAD"),
    "--history": ("scan", "--history", "--no-cache"),
    "doctor": ("doctor",),
    "verify --history": ("verify", "--history"),
    "verify --range": ("verify", "--range", "HEAD~1..HEAD"),
}


@pytest.mark.parametrize("command", TREELESS)
def test_a_clone_without_trees_is_named_and_the_hint_brings_them(
    user: User, tmp_path: Path, command: str
) -> None:
    """Treeless clones are what some CI systems make; the server is away while the command runs."""
    for number in range(3):
        user.commit({"apps/a.yaml": f"a: {number}\n"})
    user.git("config", "uploadpack.allowFilter", "true")
    folder = tmp_path / "clone"
    how = ("--filter=tree:0", "--no-checkout")
    user.git("clone", "--quiet", *how, user.repository.as_uri(), str(folder), cwd=user.home)
    away = user.repository.rename(tmp_path / "away")
    result = user.run(*TREELESS[command], cwd=folder)
    assert result.status == 3, result.printed
    assert "is not in this partial clone, and nothing is fetched" in result.stderr
    hint = result.stderr.partition("hint: ")[2].removesuffix(" brings it\n").split()
    away.rename(user.repository)
    user.program(hint, cwd=folder)
    user.git("checkout", "--quiet", "main", cwd=folder)
    again = user.run(*TREELESS[command], cwd=folder)
    assert "not in this partial clone" not in again.printed
    assert again.status == (0 if command != "doctor" else again.status)


def other(sealed: str) -> str:
    """The same ciphertext under another name."""
    return sealed.replace("name: regcred", "name: other")


@pytest.mark.parametrize("was", ["still there", "taken out"])
def test_ciphertext_whose_origin_is_missing_blocks(
    user: User, tmp_path: Path, sealed: str, was: str
) -> None:
    user.commit({SECRET: sealed, "README.md": "fleet\n"})
    user.git("branch", "base")
    clone = partial(user, tmp_path / "clone", checked_out=False)
    for who, status in ((user, 1), (clone, 3)):
        who.write({"apps/other.sops.yaml": other(sealed)})
        who.git("add", "apps/other.sops.yaml")
        if was == "taken out":
            who.git("rm", "--quiet", "--cached", SECRET)
        result = who.run("scan")
        assert result.status == status, result.printed
        assert ("from which ciphertext may have been moved" in result.stdout) == (status == 3)
        tree = who.git("write-tree", "--missing-ok").strip()  # a commit would fetch what is missing
        tip = who.git("commit-tree", "-p", "HEAD", "-m", "Copy", tree).strip()
        who.git("update-ref", "HEAD", tip)
        assert who.run("scan", "--range", "HEAD~1..HEAD").status == status


def test_what_brings_no_ciphertext_needs_no_other_content(
    user: User, tmp_path: Path, sealed: str
) -> None:
    user.commit({SECRET: sealed, "README.md": "fleet\n"})
    clone = partial(user, tmp_path / "clone", checked_out=False)
    clone.write({"apps/web.yaml": "kind: Deployment\n", "README.md": "more\n"})
    clone.git("add", "apps/web.yaml", "README.md")
    assert clone.run("scan").status == 0
    clone.git("commit", "--quiet", "--no-verify", "--message", "Web")
    assert clone.run("scan", "--range", "HEAD~1..HEAD").status == 0


def test_a_clean_push_of_ciphertext_from_a_clone_that_is_checked_out_goes_through(
    user: User, tmp_path: Path, sealed: str
) -> None:
    """Such a clone has every file of its tree, and lacks what they were before."""
    user.commit({SECRET: sealed, "README.md": "old\n"})
    user.commit({"README.md": "fleet\n"})
    clone = partial(user, tmp_path / "clone", checked_out=True)
    clone.write(
        {"apps/new.sops.yaml": encrypt(Fresh().secret.replace("regcred", "new"), *ONLY_DATA)}
    )
    clone.git("add", "--all")
    assert clone.run("scan").status == 0
    clone.git("commit", "--quiet", "--no-verify", "--message", "New")
    tip = clone.git("rev-parse", "HEAD").strip()
    sent = f"refs/heads/main {tip} refs/heads/main {'0' * 40}\n".encode()
    result = clone.run("scan", "--pre-push", "origin", stdin=sent)
    assert result.status == 0, result.printed
