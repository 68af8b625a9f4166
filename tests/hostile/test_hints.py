"""What a finding or an error says to do is a command, and after it the finding is gone."""

from __future__ import annotations

from itertools import pairwise

import pytest

from tests.guard.corpus.case import Fresh
from tests.support.secrets import PATH, opaque, recipient, rule
from tests.support.user import PROGRAM, User


def hint_of(printed: str) -> str:
    return printed.partition("hint: ")[2].partition("\n")[0]


def follow(user: User, hint: str, *, below: str = ".") -> None:
    """Have a shell run *hint*; it has to succeed."""
    env = {"PATH": f"{PROGRAM.parent}:{user.env['PATH']}"}
    done = user.program(["sh", "-c", hint], env=env, cwd=user.repository / below)
    assert done.status == 0, (hint, done.printed)


def key() -> str:
    return "AGE-SECRET-KEY-1" + "QYPSX" * 11 + "QQQ"


@pytest.mark.parametrize("name", ["-id", "--id", "a*b", "a b", "[x]", "_x", "sub/id", "it's"])
@pytest.mark.parametrize("below", [".", "sub"])
def test_a_key_goes_from_the_index_by_its_hint(user: User, name: str, below: str) -> None:
    user.commit({"sub/keep": "1"})
    user.write({name: f"{key()}\n"})
    user.git("add", "--all")
    user.write({name: f"# changed since\n{key()}\n"})
    result = user.run("scan", cwd=user.repository / below)
    assert result.status == 1
    follow(user, hint_of(result.stdout), below=below)
    assert user.run("scan").status == 0
    assert key() in user.read(name)


@pytest.mark.parametrize("name", ["values.yaml", "Dockerfile", "a.env", "-a.env"])
def test_what_is_not_in_a_secret_is_not_told_to_be_encrypted(user: User, name: str) -> None:
    password = Fresh().password
    content = {
        "values.yaml": f"imageCredentials: {{registry: quay.io, username: r, password: {password}}}\n",
        "Dockerfile": f"FROM x\nENV REGISTRY_PASSWORD={password}\n",
    }
    user.write({name: content.get(name, f"REGISTRY_USER=r\nREGISTRY_PASSWORD={password}\n")})
    user.git("add", "--all")
    result = user.run("scan")
    assert result.status == 1
    assert hint_of(result.stdout).endswith("keep it in a Secret, encrypt that, and refer to it")


def test_a_secret_is_encrypted_by_its_hint(user: User) -> None:
    user.commit({".sops.yaml": rule(recipient(user))})
    user.write({PATH: opaque("a-value-of-its-own")})
    user.git("add", "--all")
    follow(user, hint_of(user.run("scan").stdout))
    assert user.run("scan").status == 0


def encrypted(user: User) -> None:
    user.commit({".sops.yaml": rule(recipient(user))})
    user.run("encrypt", "-", "--to", PATH, stdin=opaque("one").encode())
    user.git("add", "--all")
    user.git("commit", "--quiet", "--message", "Secret")


def test_conflict_markers_go_by_their_hint_once_they_are_staged(user: User) -> None:
    encrypted(user)
    for branch, value in (("theirs", "two"), ("main", "three")):
        user.git("switch", "--quiet", *(["-c"] if branch == "theirs" else []), branch)
        user.run("edit", PATH, "--key", "stringData.a", stdin=value.encode())
        user.git("commit", "--quiet", "--all", "--message", branch)
    assert user.program(["git", "merge", "--quiet", "theirs"]).status == 1
    user.git("add", "--all")
    result = user.run("scan")
    assert "conflict-markers" in result.stdout
    follow(user, hint_of(result.stdout))
    assert user.run("scan").status == 0


def test_a_lost_sops_block_comes_back_by_its_hint(user: User) -> None:
    encrypted(user)
    user.write({PATH: user.read(PATH).partition("sops:\n")[0]})
    user.git("add", "--all")
    result = user.run("scan")
    assert "broken-sops-metadata" in result.stdout
    follow(user, hint_of(result.stdout))
    assert user.run("scan").status == 0


def test_a_push_without_a_remote_is_told_to_add_one(user: User) -> None:
    user.commit({"a": "1"})
    result = user.bootstrap("--push")
    assert (
        hint_of(result.stderr) == "git remote add origin URL && git push --set-upstream origin main"
    )


@pytest.mark.parametrize("depth", [None, 1])
def test_a_name_that_is_not_here_is_fetched_only_if_something_is_missing(
    user: User, depth: int | None
) -> None:
    user.commit({"a": "1"})
    user.commit({"a": "2"})
    clone = user.home / "clone"
    how = [f"--depth={depth}"] if depth else []
    user.git("clone", "--quiet", *how, user.repository.as_uri(), str(clone), cwd=user.home)
    result = user.run("scan", "--tree", "nowhere", cwd=clone)
    assert result.status == 3
    assert ("git fetch --unshallow" in result.stderr) == (depth is not None)


def test_aliases_that_stand_for_more_than_memory_holds_are_refused(user: User) -> None:
    names = "abcdefghijklmno"
    lines = [f"a: &a [{','.join('x' * 9)}]"]
    lines += [f"{new}: &{new} [{','.join([f'*{old}'] * 9)}]" for old, new in pairwise(names)]
    bomb = "\n".join(lines) + "\napiVersion: v1\nkind: Secret\nmetadata: {name: x}\ndata: *o\n"
    user.commit({PATH: bomb, ".sops.yaml": rule(recipient(user))})
    for arguments in (("show", PATH), ("encrypt", PATH), ("edit", PATH, "--key", "a")):
        result = user.run(*arguments)
        assert result.status == 3, result.printed
        assert "holds an anchor or alias" in result.stderr
