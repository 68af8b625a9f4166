"""Commands to end early, or to run where the disk is full: what comes before, and how to know that all was done."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

from tests.support.user import User


class Story(NamedTuple):
    """A command to end early, and how to know that all of it was done."""

    prepare: Callable[[User], None]
    arguments: Sequence[str]
    env: dict[str, str]
    is_whole: Callable[[User], bool]
    commits: bool = True
    """Whether it makes a commit, or leaves a file in the work tree."""
    stdin: bytes = b""
    repeats: bool = True
    """Whether it ends well if it is run again once all of it is done."""

    def status_of_again(self, *, done: bool) -> int:
        """Return how it ends if it is run again, once all of it was *done* or taken back."""
        return 0 if self.repeats or not done else 3


def bootstrap_story() -> Story:
    """The first bootstrap of a repository that has a .sops.yaml."""
    from tests.support.user import BOOTSTRAP

    def is_whole(user: User) -> bool:
        files = user.git("ls-tree", "-r", "--name-only", "HEAD").split()
        ours = [f for f in files if f.startswith(("clusters/", "pull-secrets/"))]
        assert len(ours) in (0, 5), ours
        return len(ours) == 5

    return Story(
        lambda user: user.commit({".sops.yaml": "stores: {yaml: {indent: 2}}\n"}),
        BOOTSTRAP,
        {"CREDS": "robot:hunter2hunter2"},
        is_whole,
    )


def push_story() -> Story:
    """The same with --push: the server has the commit, or it is not known to."""
    plain = bootstrap_story()

    def prepare(user: User) -> None:
        plain.prepare(user)
        user.git("init", "--quiet", "--bare", str(user.home.parent / "origin.git"))
        # Relative, for the whole folder is copied.
        user.git("remote", "add", "origin", "../origin.git")
        user.git("push", "--quiet", "--set-upstream", "origin", "main")

    def is_whole(user: User) -> bool:
        whole = plain.is_whole(user)
        there = user.git("rev-parse", "main", cwd=user.home.parent / "origin.git").strip()
        if not whole:
            assert there in user.git("rev-list", "HEAD").split(), "the server has what is not here"
        return whole

    return plain._replace(
        prepare=prepare, arguments=(*plain.arguments, "--push"), is_whole=is_whole
    )


def branch_story() -> Story:
    """The same with --branch: the branch has the commit and is checked out, or there is no such branch."""
    plain = push_story()

    def is_whole(user: User) -> bool:
        there = user.git("for-each-ref", "--format=%(refname:short)", "refs/heads").split()
        on = user.git("branch", "--show-current").strip()
        ours = user.git("ls-tree", "-r", "--name-only", "HEAD", "--", "pull-secrets").split()
        if ours:
            assert on == "registry", on
            assert not user.git("ls-tree", "-r", "--name-only", "main", "--", "pull-secrets")
        elif not (user.repository / ".git" / "gitops-secrets" / "journal.json").exists():
            assert (on, there) == ("main", ["main"])
        return bool(ours)

    return plain._replace(arguments=(*plain.arguments, "--branch", "registry"), is_whole=is_whole)


def registry_story() -> Story:
    """The credentials of a registry are changed: the last commit has the new ones, or the old ones."""
    from tests.support.fleet import FILES

    path = "pull-secrets/prod/regcred.sops.yaml"

    def prepare(user: User) -> None:
        user.commit(FILES)
        assert user.bootstrap().status == 0

    def is_whole(user: User) -> bool:
        began = user.git("log", "--format=%H", "--grep=^Give Flux").strip()
        then, now = (user.git("rev-parse", f"{at}:{path}") for at in (began, "HEAD"))
        return then != now

    registry = ("--registry", "registry.example.com", "--registry-creds-env", "CREDS")
    arguments = ("registry", "update", *registry, "--check", "never")
    return Story(prepare, arguments, {"CREDS": "robot:hunter2hunter2"}, is_whole)


def change_story(name: str) -> Story:
    """A command of a cluster that bootstrap was at: its commit is there, or is not.

    Once a reader is taken out, there is none to take out.
    """
    from tests.support.fleet import FILES, TEAM

    reader = "age1a95h3g8vmwfryyxw4a4k3rp929npjptmfwkz5jsn2n6d9vg3u4usj7p5p6"
    attach = ("attach", "team-a", "team-b/builder")
    arguments = attach if name == "attach" else (*name.split(), reader)

    def prepare(user: User) -> None:
        user.commit({**FILES, "clusters/prod/team.yaml": TEAM})
        assert user.bootstrap().status == 0
        if name == "key remove":
            for made in (("key", "add", reader), attach):
                assert user.run(*made).status == 0
        user.git("tag", "before")

    def is_whole(user: User) -> bool:
        ours = (".sops.yaml", "clusters", "pull-secrets")
        return bool(user.git("diff", "--name-only", "before", "HEAD", "--", *ours))

    return Story(prepare, arguments, {}, is_whole, repeats=name != "key remove")


def file_story(name: str) -> Story:
    """A command that leaves one encrypted file in the work tree: encrypt, or edit --key."""
    from tests.support.secrets import PATH, opaque, recipient, rule

    def prepare(user: User) -> None:
        user.commit({".sops.yaml": rule(recipient(user)), "apps/README.md": "apps\n"})
        user.run("encrypt", "-", "--to", PATH, stdin=opaque("an-old-value-9").encode())
        user.git("add", PATH)
        user.git("commit", "--quiet", "--message", "Secret")

    if name == "edit":
        arguments, stdin = ("edit", PATH, "--key", "stringData.a"), b"a-newer-value-8"
    else:
        arguments, stdin = ("encrypt", "-", "--to", PATH), opaque("a-newer-value-8").encode()

    def is_whole(user: User) -> bool:
        content = user.read(PATH)
        assert "ENC[" in content
        assert content.endswith("\n")
        return content != user.git("show", f"HEAD:{PATH}")

    return Story(prepare, arguments, {}, is_whole, commits=False, stdin=stdin)


def fix_story() -> Story:
    """verify --fix, which encrypts several readable files in the work tree."""
    from tests.support.secrets import opaque, recipient, rule

    value = "an-old-value-9"
    paths = [f"apps/{name}.yaml" for name in "abc"]

    def prepare(user: User) -> None:
        user.commit({".sops.yaml": rule(recipient(user)), "apps/README.md": "apps\n"})
        user.write({path: opaque(value, name=path[5]) for path in paths})

    def is_whole(user: User) -> bool:
        for file in (user.repository / ".git" / "gitops-secrets").glob("*"):
            assert value.encode() not in file.read_bytes(), f"a readable value is in {file.name}"
        return all("ENC[" in user.read(path) for path in paths)

    return Story(prepare, ("verify", "--fix"), {}, is_whole, commits=False)


STORIES: dict[str, Callable[[], Story]] = {
    "bootstrap": bootstrap_story,
    "bootstrap --push": push_story,
    "bootstrap --branch": branch_story,
    "registry update": registry_story,
    **{name: partial(change_story, name) for name in ("attach", "key add", "key remove")},
    "encrypt": lambda: file_story("encrypt"),
    "edit": lambda: file_story("edit"),
    "verify --fix": fix_story,
}
