"""A repository in which no commit can be made is left as it was, and the way out is named."""

from __future__ import annotations

import base64
import subprocess
import time
from pathlib import Path

import pytest

from tests.support.refusal import CREDS, PASSWORD, refused
from tests.support.secrets import recipient
from tests.support.user import BOOTSTRAP, PROGRAM, User

FLUX = "clusters/prod/flux-system"
SECRET = "pull-secrets/prod/regcred.sops.yaml"


def test_outside_a_repository_it_says_where_to_run(user: User, tmp_path: Path) -> None:
    result = user.run(*BOOTSTRAP, env={"CREDS": CREDS}, cwd=tmp_path)
    assert result.status == 3
    assert "is in no Git work tree" in result.stderr


def test_a_detached_head_is_refused(user: User) -> None:
    user.commit({"a": "1"})
    user.git("checkout", "--quiet", "--detach")
    refused(user, says="on no branch")


@pytest.mark.parametrize("operation", ["merge", "rebase"])
def test_an_operation_of_git_under_way_is_refused(user: User, operation: str) -> None:
    user.commit({"a": "1"})
    user.git("checkout", "--quiet", "-b", "other")
    user.commit({"a": "2"})
    user.git("checkout", "--quiet", "main")
    user.commit({"a": "3"})
    with pytest.raises(AssertionError):
        user.git(operation, "other")
    refused(user, says=f"a {operation} is under way")


def test_a_target_with_changes_of_the_users_is_refused(user: User) -> None:
    user.commit({".sops.yaml": "stores: {}\n"})
    user.write({".sops.yaml": "stores: {yaml: {indent: 2}}\n"})
    result = refused(user, says=".sops.yaml has changes that are not committed")
    assert (
        "hint: git add .sops.yaml && git commit\ngitops-secrets: hint: git stash" in result.stderr
    )


def test_a_target_that_the_user_has_not_added_is_refused(user: User) -> None:
    user.write({".sops.yaml": "stores: {}\n"})
    result = refused(user, says=".sops.yaml has changes that are not committed")
    assert "hint: mv .sops.yaml .sops.yaml.mine" in result.stderr


def test_a_target_that_the_user_has_deleted_is_refused(user: User) -> None:
    user.bootstrap()
    (user.repository / SECRET).unlink()
    result = refused(user, says=f"{SECRET} has changes that are not committed")
    hint = next(line for line in result.stderr.splitlines() if "hint: git restore" in line)
    user.program(["sh", "-c", hint.partition("hint: ")[2]])
    assert user.bootstrap().stdout.startswith("clusters/prod: everything is in place\n")


@pytest.mark.parametrize("cone", ["--cone", "--no-cone"])
@pytest.mark.parametrize("kept", ["apps", "clusters"])
def test_a_sparse_checkout_that_lacks_the_place_is_refused(
    user: User, cone: str, kept: str
) -> None:
    """Git's own; where the place is not in the repository yet, it is git add that says so."""
    user.commit({f"{FLUX}/gotk-sync.yaml": "", ".sops.yaml": "stores: {}\n", "apps/a": "1"})
    user.git("sparse-checkout", "set", cone, kept, *([".sops.yaml"] if cone == "--no-cone" else []))
    result = refused(user, says="this sparse checkout leaves")
    hint = next(line for line in result.stderr.splitlines() if "hint: git sparse" in line)
    user.program(["sh", "-c", hint.partition("hint: ")[2]])
    assert user.bootstrap().status == 0


COMMANDS = {
    "registry": (
        "registry",
        "add",
        "--registry",
        "r.example.com",
        "--registry-creds-env",
        "CREDS",
        "--check",
        "never",
    ),
    "key": ("key", "add", "RECIPIENT", "--path", "clusters/prod"),
    "edit": ("edit", SECRET, "--key", "token"),
    "show": ("show", SECRET),
}


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_a_file_that_a_sparse_checkout_leaves_out_is_taken_in_by_the_hint(
    user: User, command: tuple[str, ...]
) -> None:
    assert user.bootstrap().status == 0
    user.git("sparse-checkout", "set", "--cone", "clusters")
    shown = "git sparse-checkout add pull-secrets/prod"
    typed = [recipient(user) if word == "RECIPIENT" else word for word in command]
    given = {"CREDS": CREDS}

    result = user.run(*typed, env=given, stdin=b"other")

    assert result.status == 3, result.printed
    assert f"{SECRET} is in the repository, but this sparse checkout leaves it out" in result.stderr
    assert f"hint: {shown}\n" in result.stderr
    user.program(["sh", "-c", shown])
    again = user.run(*typed, env=given, stdin=b"other")
    assert again.status == 0, again.printed


def test_the_bare_command_counts_what_a_sparse_checkout_leaves_out(user: User) -> None:
    assert user.bootstrap().status == 0
    before = user.run().stdout
    user.git("sparse-checkout", "set", "--cone", "docs")
    assert user.run().stdout == before


def test_what_git_says_is_understood_where_it_speaks_german(user: User) -> None:
    user.commit({"apps/a": "1"})
    user.git("sparse-checkout", "set", "--cone", "apps")
    refused(user, says="this sparse checkout leaves out", LANG="C.utf8", LANGUAGE="de")


@pytest.mark.parametrize("linked", [False, True])
@pytest.mark.parametrize("lock", ["index.lock", "refs/heads/main.lock"])
def test_a_lock_of_another_git_is_named_before_anything_is_written(
    user: User, tmp_path: Path, lock: str, linked: bool
) -> None:
    user.commit({"a": "1"})
    if linked:
        user.git("checkout", "--quiet", "-b", "other")
        user.git("worktree", "add", "--quiet", str(tmp_path / "linked"), "main")
        user.repository = tmp_path / "linked"
    path = Path(user.git("rev-parse", "--path-format=absolute", "--git-path", lock).strip())
    path.touch()
    result = refused(user, says="another git is at work")
    hint = next(line for line in result.stderr.splitlines() if "rm -f" in line)
    user.program(["sh", "-c", hint.partition("repository: ")[2]])
    assert user.bootstrap().status == 0


def test_a_path_that_leaves_the_repository_is_refused(user: User) -> None:
    refused(user, "--path", "../other", says="leaves the repository", status=2)


def test_a_symlink_that_leaves_the_repository_is_refused(user: User, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (user.repository / "pull-secrets").symlink_to(outside)
    user.commit({})
    refused(user, says="pull-secrets is a symlink")
    assert list(outside.iterdir()) == []


def test_an_identity_in_a_work_tree_is_refused(user: User) -> None:
    file = user.repository / "prod.agekey"
    refused(user, "--age-identity-file", str(file), says="would lie in the Git work tree")


def test_a_hook_that_refuses_is_quoted_and_nothing_is_left(user: User) -> None:
    user.commit({"a": "1"})
    user.hook("pre-commit", "echo 'not on a Monday' >&2; exit 1")
    refused(user, says="not on a Monday")


def test_what_a_hook_prints_is_quoted_without_the_password(user: User) -> None:
    """A hook of the user's can decrypt what is committed, as a diff driver of sops does."""
    user.commit({"a": "1"})
    encoded = base64.b64encode(CREDS.encode()).decode()
    user.hook("pre-commit", f"echo 'no password={PASSWORD} auth={encoded} here' >&2; exit 1")
    result = refused(user, says="no (not shown: it may be a secret) here")
    assert encoded[10:-4] not in result.printed


def test_a_hook_that_alters_our_files_has_its_commit_taken_back(user: User) -> None:
    user.commit({"a": "1"})
    user.hook(
        "pre-commit",
        "for f in $(git diff --cached --name-only | grep sops); do echo >> $f; git add $f; done",
    )
    refused(user, says="a hook changed .sops.yaml while it was committed")


def test_a_hook_that_alters_and_refuses_leaves_nothing_either(user: User) -> None:
    user.commit({"a": "1"})
    user.hook(
        "pre-commit", "for f in $(git diff --cached --name-only); do echo >> $f; done; exit 1"
    )
    refused(user, says="git refused the commit")


def test_the_first_commit_of_a_repository_can_be_refused_too(user: User) -> None:
    user.hook("pre-commit", "exit 1")
    refused(user, says="git refused the commit")


def test_ignored_files_are_named(user: User) -> None:
    user.commit({".gitignore": "*.sops.yaml\n"})
    refused(user, says="is ignored by Git")


def test_a_dry_run_does_not_judge_what_a_killed_run_left(user: User) -> None:
    user.bootstrap()
    journal = user.repository / ".git/gitops-secrets/journal.json"
    journal.write_text('{"branch": "main", "files": {}, "folders": []}')
    refused(user, "--dry-run", says="an earlier run was ended half-way")
    assert "a command was ended half-way" in user.run().stdout
    assert user.bootstrap().stdout.startswith("note: an earlier run was ended")
    assert "half-way" not in user.run().stdout


def test_two_runs_at_the_same_time_do_not_meet(user: User) -> None:
    user.commit({"a": "1"})
    user.hook("pre-commit", "while [ ! -e .git/go ]; do sleep 0.05; done")
    first = subprocess.Popen(
        [PROGRAM, *BOOTSTRAP],
        cwd=user.repository,
        env={**user.env, "CREDS": CREDS},
        stdout=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 10
    while not (user.repository / ".git/gitops-secrets/journal.json").exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    second = user.bootstrap(creds=CREDS)
    (user.repository / ".git/go").touch()
    assert first.wait() == 0
    assert second.status == 3
    assert "another gitops-secrets run" in second.stderr
    assert user.commits() == 2
