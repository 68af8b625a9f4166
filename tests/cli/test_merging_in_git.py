"""Encrypted files in all that Git does with two versions: rebase, cherry-pick, revert, stash, worktrees, diffs."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.field import gotk
from tests.support.secrets import opaque, word
from tests.support.user import PROGRAM, User

PATH = "apps/it's odd $(x) é.sops.yaml"
SECRET = """\
apiVersion: v1
kind: Secret
metadata: {{name: db, namespace: shop}}
stringData:
  # of the database
  a: {a}
  b: {b}
"""


@pytest.fixture
def fleet(user: User) -> User:
    """A user with the drivers, and an encrypted file with a name that no shell likes."""
    user.commit(gotk.LAYOUTS["one cluster"].files)
    assert user.bootstrap().status == 0
    user.write({PATH: SECRET.format(a="one", b="two")})
    assert user.run("encrypt", "--add-rule", PATH).status == 0
    user.commit({})
    assert user.run("hooks", "install").status == 0
    return user


def put(user: User, key: str, value: str, *, commit: bool = True) -> None:
    assert user.run("edit", PATH, "--key", key, stdin=value.encode()).status == 0
    if commit:
        user.commit({})


def branch_off(user: User, key: str, value: str) -> None:
    """Leave a branch, topic, with another value, and go back to main."""
    user.git("checkout", "--quiet", "-b", "topic")
    put(user, key, value)
    user.git("checkout", "--quiet", "main")


def values(user: User, comment: str = "of the database") -> tuple[str, str]:
    shown = user.run("show", "--reveal", PATH)
    assert shown.status == 0, shown.printed
    assert f"# {comment}" in shown.stdout
    lines = [line.strip().partition(": ") for line in shown.stdout.splitlines()]
    held = {key: value for key, _, value in lines}
    return held["a"], held["b"]


def git(user: User, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["git", *arguments],
        cwd=user.repository,
        env=user.env,
        capture_output=True,
        text=True,
        check=False,
    )


WAYS = {
    "merge": ("merge", "--no-edit", "topic"),
    "rebase": ("rebase", "topic"),
    "cherry-pick": ("cherry-pick", "topic"),
}


@pytest.mark.parametrize("way", WAYS)
def test_what_two_branches_changed_is_merged(fleet: User, way: str) -> None:
    branch_off(fleet, "a", "of-topic")
    put(fleet, "b", "of-main")
    fleet.git(*WAYS[way])
    assert values(fleet) == ("of-topic", "of-main")
    assert fleet.run("verify").status == 0


def test_a_revert_keeps_what_came_later(fleet: User) -> None:
    put(fleet, "a", "wrong")
    put(fleet, "b", "later")
    fleet.git("revert", "--no-edit", "HEAD~1")
    assert values(fleet) == ("one", "later")


def test_a_stash_comes_back_onto_another_value(fleet: User) -> None:
    put(fleet, "a", "stashed", commit=False)
    fleet.git("stash")
    put(fleet, "b", "of-main")
    fleet.git("stash", "pop")
    assert values(fleet) == ("stashed", "of-main")


def test_a_linked_worktree_has_the_drivers_too(fleet: User, tmp_path: Path) -> None:
    branch_off(fleet, "a", "of-topic")
    put(fleet, "b", "of-main")
    fleet.git("worktree", "add", "--quiet", "-b", "third", str(tmp_path / "third"), "main")
    fleet.git("merge", "--no-edit", "topic", cwd=tmp_path / "third")
    fleet.git("checkout", "--quiet", "--detach", "third")
    assert values(fleet) == ("of-topic", "of-main")


def test_during_a_rebase_a_conflict_is_resolved_as_git_names_the_sides(fleet: User) -> None:
    branch_off(fleet, "a", "of-topic")
    put(fleet, "a", "of-main")
    assert git(fleet, "rebase", "topic").returncode == 1
    assert fleet.run("resolve", PATH, "--ours").status == 0
    assert values(fleet) == ("of-topic", "two")


def test_a_comment_that_their_side_changed_is_not_lost(fleet: User) -> None:
    text = SECRET.format(a="one", b="two")
    fleet.git("checkout", "--quiet", "-b", "topic")
    fleet.write({PATH: text.replace("of the database", "of the new database")})
    assert fleet.run("encrypt", PATH).status == 0
    fleet.commit({})
    fleet.git("checkout", "--quiet", "main")
    put(fleet, "b", "of-main")
    fleet.git("merge", "--no-edit", "topic")
    assert values(fleet, "of the new database") == ("one", "of-main")


def test_two_new_files_of_one_name_are_merged_by_key(fleet: User) -> None:
    new = "apps/new.sops.yaml"
    made = ("encrypt", "-", "--add-rule", "--to", new)
    for branch in ("topic", "main"):
        fleet.git("checkout", "--quiet", *(["-b"] if branch == "topic" else []), branch)
        secret = SECRET.format(a="the-same", b=f"of-{branch}")
        assert fleet.run(*made, stdin=secret.encode()).status == 0
        fleet.commit({})
    merged = git(fleet, "merge", "--no-edit", "topic")
    said = merged.stdout + merged.stderr
    assert f"{new}: both sides changed stringData.b" in said
    assert "stringData.a" not in said
    assert fleet.run("resolve", new, "stringData.b", "--theirs").status == 0
    assert "b: of-topic" in fleet.run("show", "--reveal", new).stdout


def test_markers_that_a_server_committed_are_repaired(fleet: User) -> None:
    """A hosting service merges without the driver."""
    branch_off(fleet, "a", "of-topic")
    put(fleet, "b", "of-main")
    assert (
        git(fleet, "-c", "core.attributesFile=/dev/null", "merge", "--no-edit", "main").returncode
        == 0
    )
    ours, theirs = (fleet.git("show", f"{name}:{PATH}") for name in ("main", "topic"))
    file = fleet.repository / PATH
    file.write_text(f"<<<<<<< main\n{ours}=======\n{theirs}>>>>>>> topic\n")
    left = fleet.run("resolve", PATH)
    assert left.status == 1
    assert "both sides changed stringData.a" in left.stdout
    assert "both sides changed stringData.b" in left.stdout

    assert fleet.run("resolve", PATH, "--theirs").status == 0

    assert values(fleet) == ("of-topic", "two")


def test_a_file_without_a_conflict_and_a_side_that_is_gone_are_said(fleet: User) -> None:
    assert "has no conflict" in fleet.run("resolve", PATH, "--ours").stderr
    fleet.git("checkout", "--quiet", "-b", "topic")
    fleet.git("rm", "--quiet", PATH)
    fleet.commit({})
    fleet.git("checkout", "--quiet", "main")
    put(fleet, "a", "of-main")
    assert git(fleet, "merge", "topic").returncode == 1
    result = fleet.run("resolve", PATH, "--ours")
    assert (result.status, "one side removed it, and only ours has it" in result.stderr) == (
        3,
        True,
    )


def test_a_file_that_one_side_left_readable_is_merged_as_git_does(fleet: User) -> None:
    plain = "apps/plain.sops.yaml"
    for branch, value in (("main", "first"), ("topic", "second"), ("main", "third")):
        fleet.git("checkout", "--quiet", *(["-b"] if branch == "topic" else []), branch)
        fleet.write({plain: opaque(value)})
        fleet.git("add", "--all")
        fleet.git("commit", "--quiet", "--no-verify", "--message", branch)
    assert git(fleet, "merge", "topic").returncode == 1
    assert fleet.read(plain).count("<<<<<<< ") == 1


def test_a_diff_names_what_changed_and_shows_no_ciphertext(fleet: User) -> None:
    value = word()
    put(fleet, "a", value)
    for command in (("show",), ("log", "-p", "-1"), ("diff", "HEAD~1")):
        shown = fleet.git(*command)
        changed = [
            line
            for line in shown.splitlines()
            if line.startswith(("+", "-")) and line[:3] not in ("+++", "---")
        ]
        assert [line[:6] for line in changed] == ["-  a: ", "+  a: "], shown
        assert not any(noise in shown for noise in ("AES256_GCM", "mac:", "lastmodified", value))


def test_uninstall_leaves_nothing_of_the_drivers(fleet: User) -> None:
    attributes = fleet.repository / ".git/info/attributes"
    mine = "*.png binary"
    attributes.write_text(f"{mine}\n{attributes.read_text()}")
    assert fleet.run("hooks", "status").status == 0
    assert fleet.run("hooks", "install").status == 0
    assert attributes.read_text().count("*.sops.yaml") == 1
    assert fleet.run("hooks", "uninstall").status == 0
    assert attributes.read_text() == f"{mine}\n"
    assert "gitops-secrets" not in (fleet.repository / ".git/config").read_text()


def test_a_readable_text_that_looks_like_a_mark_is_no_mark(fleet: User) -> None:
    shown = fleet.program([PROGRAM, "__textconv", PATH]).stdout
    mark = re.search(r"ENC\[[0-9a-f]+\]", shown)
    assert mark is not None
    content = fleet.read(PATH)
    fleet.write({PATH: re.sub(r"ENC\[AES256_GCM,[^]]*\]", mark[0], content, count=1)})
    assert "+" in {line[:1] for line in fleet.git("diff", PATH).splitlines()[4:]}


def test_a_reader_is_seen_in_whatever_order_an_entry_stands(fleet: User) -> None:
    content = fleet.read(PATH)
    entry = re.search(
        r"( +)- recipient: .*\n((?: +)enc: \|\n(?:\1 {6}.*\n| +-----.*\n| +[A-Za-z0-9+/=]{4,}\n)+)",
        content,
    )
    assert entry is not None
    turned = entry[2].replace(f"{entry[1]}  enc", f"{entry[1]}- enc", 1)
    stranger = "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj"
    added = f"{turned}{entry[1]}  recipient: {stranger}\n"
    fleet.write({PATH: content.replace(entry[0], entry[0] + added)})
    assert stranger in fleet.git("diff", PATH)


def test_a_full_disk_leaves_our_version(fleet: User) -> None:
    """The size of files is limited, as a disk that is full limits it."""
    base = fleet.read(PATH)
    (fleet.repository / "O").write_text(base)
    put(fleet, "a", word())
    (fleet.repository / "A").write_text(fleet.read(PATH))
    fleet.git("checkout", "--quiet", "HEAD~1", "--", PATH)
    put(fleet, "b", word() * 400)
    (fleet.repository / "B").write_text(fleet.read(PATH))
    before = (fleet.repository / "A").read_bytes()
    done = fleet.program(["sh", "-c", f'ulimit -f 6; exec {PROGRAM} __merge O A B "$0"', PATH])
    assert (done.status, (fleet.repository / "A").read_bytes()) == (1, before), done.printed
    assert "our version of it is kept" in done.stderr


@pytest.mark.parametrize(
    "merge",
    [("merge", "aside", "topic"), ("merge", "--strategy", "resolve", "topic")],
    ids=["octopus", "resolve"],
)
def test_what_a_merge_without_drivers_left_is_merged_by_value(
    fleet: User, merge: tuple[str, ...]
) -> None:
    fleet.git("checkout", "--quiet", "-b", "aside")
    fleet.commit({"aside.md": "aside\n"})
    fleet.git("checkout", "--quiet", "main")
    branch_off(fleet, "stringData.a", "of topic")
    put(fleet, "stringData.b", "of main")
    assert fleet.program(["git", *merge]).status == 1
    done = fleet.run("resolve", PATH)
    assert done.status == 0, done.printed
    assert values(fleet) == ("of topic", "of main")
