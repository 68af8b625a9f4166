"""Git may be told that commits have other parents than they say: a Secret in between is found all the same."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.hostile.server import RULED, RULES, readable
from tests.support.user import User

Env = dict[str, str]
_NO_PARENT = b"\x70\0\0\0"
"""How a commit-graph says that there is none (gitformat-commit-graph(5))."""


@pytest.fixture
def hidden(user: User) -> User:
    """A Secret that one commit brought and the next took out, between the branch base and HEAD."""
    user.commit({".sops.yaml": RULES})
    user.git("branch", "base")
    user.commit({RULED: readable()})
    (user.repository / RULED).unlink()
    user.commit({})
    user.commit({"c.txt": "c\n"})
    return user


def ids(user: User) -> list[str]:
    return user.git("rev-parse", "HEAD", "base").split()


def by_the_repositorys_grafts(user: User) -> Env:
    path = user.repository / ".git/info/grafts"
    path.parent.mkdir(exist_ok=True)
    path.write_text(" ".join(ids(user)) + "\n")
    return {}


def by_a_variable_for_grafts(user: User) -> Env:
    path = user.home / "grafts"
    path.write_text(" ".join(ids(user)) + "\n")
    return {"GIT_GRAFT_FILE": str(path)}


def by_replacing(user: User) -> Env:
    user.git("replace", "--graft", *ids(user))
    return {}


def by_a_forged_commit_graph(user: User) -> Env:
    """Git does not look at the sum at its end."""
    user.git("commit-graph", "write", "--reachable")
    path = user.repository / ".git/objects/info/commit-graph"
    graph = bytearray(path.read_bytes())
    names, data = (_chunk(graph, name) for name in (b"OIDL", b"CDAT"))
    at = graph.index(bytes.fromhex(ids(user)[0]), names) - names
    parent = data + at // 20 * 36 + 20
    graph[parent : parent + 4] = _NO_PARENT
    path.chmod(0o644)
    path.write_bytes(graph)
    return {}


def _chunk(graph: bytearray, name: bytes) -> int:
    entry = graph.index(name) + 4
    return int.from_bytes(graph[entry : entry + 8])


HOW = (by_the_repositorys_grafts, by_a_variable_for_grafts, by_replacing, by_a_forged_commit_graph)


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("arguments", [("--history", "--no-cache"), ("--range", "base..HEAD")])
def test_commits_that_git_is_told_to_pass_over_are_judged(
    hidden: User, how: Callable[[User], Env], arguments: tuple[str, ...]
) -> None:
    env = how(hidden)
    told = hidden.program(["git", "rev-list", "--count", "HEAD"], env=env)
    assert int(told.stdout) < 4, "Git itself passes over them"
    done = hidden.run("scan", *arguments, env=env)
    assert done.status == 1, done.printed
    assert "error[unencrypted-secret]" in done.stdout
    assert "graft" not in done.printed


@pytest.mark.parametrize("how", HOW)
def test_a_push_of_them_is_judged(hidden: User, tmp_path: Path, how: Callable[[User], Env]) -> None:
    remote = str(tmp_path / "remote")
    hidden.git("init", "--quiet", "--bare", remote)
    hidden.git("remote", "add", "origin", remote)
    hidden.git("push", "--quiet", "origin", "base")
    assert hidden.run("hooks", "install").status == 0
    done = hidden.program(["git", "push", "origin", "HEAD:main"], env=how(hidden))
    assert done.status == 1, done.printed
    assert "error[unencrypted-secret]" in done.printed


@pytest.mark.parametrize("arguments", [("--history", "--no-cache"), ("--range", "base..HEAD")])
def test_a_variable_does_not_make_a_clone_shallow(hidden: User, arguments: tuple[str, ...]) -> None:
    path = hidden.home / "shallow"
    path.write_text(f"{ids(hidden)[0]}\n")
    done = hidden.run("scan", *arguments, env={"GIT_SHALLOW_FILE": str(path)})
    assert done.status == 1, done.printed
