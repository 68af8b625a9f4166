"""The guard as Git's own hooks: real commits and real pushes, refused and accepted."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gitops_secrets.core.guard.hookscripts import CLIENT, SERVER, script
from tests.field import gotk
from tests.guard.corpus.case import Fresh
from tests.support.githttp import GitServer, Repository
from tests.support.user import PROGRAM, User

ROOT = Path(__file__).parents[2]
MARKER = "# gitops-secrets: ignore[plaintext-dockerconfigjson] a registry for tests\n"
RULES = "creation_rules:\n- path_regex: ^secrets/\n"
OPAQUE = (
    "apiVersion: v1\nkind: Secret\nmetadata: {name: db, namespace: apps}\nstringData: {p: %s}\n"
)


def git(user: User, *arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run git as the user; what it says is his to read, whatever the status."""
    return subprocess.run(
        ["git", *arguments],
        cwd=cwd or user.repository,
        env=user.env,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def guarded(user: User) -> User:
    assert user.run("hooks", "install").status == 0
    return user


@pytest.fixture
def server(user: User, tmp_path: Path) -> Iterator[Repository]:
    """A bare repository behind HTTP with the guard at its door, cloned as the user's repository."""
    with GitServer(tmp_path / "server") as http:
        bare = http.create("fleet")
        user.commit({"readme.md": "hello\n"})
        user.git("remote", "add", "origin", bare.url_with_password)
        user.git("push", "--quiet", "origin", "main")
        assert user.run("hooks", "install", "--repo", str(bare.folder)).status == 0
        yield bare


@pytest.mark.parametrize("name", [*CLIENT, *SERVER])
def test_the_scripts_to_copy_by_hand_are_those_that_install_writes(name: str):
    path = ROOT / "hooks" / name
    assert path.read_text() == script(name)
    assert path.stat().st_mode & 0o111


def test_the_first_commit_of_a_repository_is_guarded(guarded: User):
    fresh = Fresh()
    guarded.write({"a.yaml": fresh.secret})
    guarded.git("add", "a.yaml")
    refused = git(guarded, "commit", "--message", "x")
    assert refused.returncode == 1
    assert "a.yaml:8:22: error[plaintext-dockerconfigjson]" in refused.stdout + refused.stderr
    assert fresh.password not in refused.stdout + refused.stderr
    guarded.git("rm", "--quiet", "--cached", "a.yaml")
    guarded.write({"b.txt": "hello\n"})
    guarded.git("add", "b.txt")
    assert git(guarded, "commit", "--message", "x").returncode == 0


def test_a_partial_commit_is_judged_by_what_it_takes(guarded: User):
    guarded.write({"a.yaml": "a: 1\n", "b.txt": "1\n"})
    guarded.git("add", "--all")
    guarded.git("commit", "--quiet", "--message", "x")
    guarded.write({"a.yaml": Fresh().secret, "b.txt": "2\n"})
    guarded.git("add", "a.yaml")
    assert git(guarded, "commit", "--message", "b alone", "--", "b.txt").returncode == 0
    assert git(guarded, "commit", "--message", "a alone", "--", "a.yaml").returncode == 1


def test_a_worktree_and_a_folder_below_the_top_are_guarded(guarded: User, tmp_path: Path):
    guarded.commit({"sub/b.txt": "1\n"})
    guarded.git("worktree", "add", "--quiet", str(tmp_path / "tree"), "-b", "other")
    (tmp_path / "tree/sub/a.yaml").write_text(Fresh().secret)
    guarded.git("add", "--all", cwd=tmp_path / "tree/sub")
    refused = git(guarded, "commit", "--message", "x", cwd=tmp_path / "tree/sub")
    assert refused.returncode == 1
    assert "sub/a.yaml:8" in refused.stdout + refused.stderr


@pytest.mark.parametrize("name", [*CLIENT, *SERVER])
def test_a_hook_that_was_there_runs_after_the_guard_and_comes_back(user: User, name: str):
    user.hook(name, "exit 7")
    before = (user.repository / ".git/hooks" / name).read_bytes()
    flags = ["--server"] if name in SERVER else []
    first = user.run("hooks", "install", *flags)
    assert "the hook that was there runs after it" in first.stdout
    again = user.run("hooks", "install", *flags)
    assert again.stdout == first.stdout
    ours = (user.repository / ".git/hooks" / name).read_bytes()
    assert b"gitops-secrets" in ours
    user.run("hooks", "uninstall")
    assert (user.repository / ".git/hooks" / name).read_bytes() == before
    assert not list((user.repository / ".git/hooks").glob("*.before-gitops-secrets"))


def test_the_hook_that_was_there_decides_as_well(user: User):
    user.hook("pre-commit", "echo it speaks; exit 7")
    user.run("hooks", "install")
    user.write({"b.txt": "1\n"})
    user.git("add", "--all")
    refused = git(user, "commit", "--message", "x")
    assert refused.returncode == 1
    assert "it speaks" in refused.stdout + refused.stderr
    user.write({"a.yaml": Fresh().secret})
    user.git("add", "--all")
    assert "it speaks" not in git(user, "commit", "--message", "x").stderr


@pytest.mark.parametrize(
    ("broken", "named"),
    [
        ("hooks/pre-push", "hooks/pre-push cannot be written: Is a directory"),
        ("config.lock", "could not lock config file .git/config: File exists"),
        ("info/attributes", "info/attributes cannot be"),
    ],
)
def test_hooks_are_installed_all_or_none_and_what_failed_is_named(
    user: User, broken: str, named: str
):
    folder = user.repository / ".git/hooks"
    folder.mkdir(exist_ok=True)
    (folder / "pre-commit").write_text("#!/bin/sh\nexit 0\n")
    (folder / "pre-commit").chmod(0o755)
    place = user.repository / ".git" / broken
    place.mkdir(parents=True)
    config = (user.repository / ".git/config").read_bytes()
    before = {p.name: p.is_file() and p.read_bytes() for p in folder.iterdir()}

    result = user.run("hooks", "install")

    assert result.status == 3, result.printed
    assert named in result.stderr
    assert "; no hook was changed\n" in result.stderr
    assert {p.name: p.is_file() and p.read_bytes() for p in folder.iterdir()} == before
    assert (user.repository / ".git/config").read_bytes() == config
    place.rmdir()
    assert user.run("hooks", "install").status == 0


def interrupting_git(user: User, when: str) -> dict[str, str]:
    """A git that interrupts itself and who started it, as Ctrl-C does, the first time that *when* is true of a setting."""
    real, folder = shutil.which("git", path=user.env["PATH"]), user.home / "slow"
    folder.mkdir()
    program = folder / "git"
    program.write_text(
        f"#!/bin/sh\ncase \" $* \" in *' config '*{when}*)\n"
        f"[ -e {folder}/done ] || {{ touch {folder}/done; kill -INT $PPID; kill -INT $$; }};;\nesac\n"
        f'exec {real} "$@"\n'
    )
    program.chmod(0o755)
    return {"PATH": f"{folder}:{user.env['PATH']}"}


def state_of_git(user: User) -> dict[str, bytes]:
    """The hooks, the settings and the attributes."""
    folder = user.repository / ".git"
    files = [folder / "config", *(folder / "hooks").glob("*"), *(folder / "info").glob("*")]
    return {str(file): file.read_bytes() for file in files}


@pytest.mark.parametrize("when", ["merge.gitops-secrets.name", "diff.gitops-secrets.textconv"])
def test_an_interrupted_installation_is_taken_back(user: User, when: str):
    (user.repository / ".git/hooks").mkdir(exist_ok=True)
    before = state_of_git(user)
    result = user.run("hooks", "install", env=interrupting_git(user, when))
    assert result.status == 130, result.printed
    assert "interrupted; no hook was changed\n" in result.stderr
    assert state_of_git(user) == before


def test_an_interrupted_removal_is_finished(user: User):
    (user.repository / ".git/hooks").mkdir(exist_ok=True)
    before = state_of_git(user)
    assert user.run("hooks", "install").status == 0
    result = user.run("hooks", "uninstall", env=interrupting_git(user, "--remove-section"))
    assert result.status == 130, result.printed
    assert "interrupted; the guard is taken out\n" in result.stderr
    after = state_of_git(user)
    assert {k: v for k, v in after.items() if not k.endswith("config")} == {
        k: v for k, v in before.items() if not k.endswith("config")
    }
    assert "gitops-secrets" not in (user.repository / ".git/config").read_text()


def test_hooks_stay_if_git_does_not_change_its_settings(guarded: User):
    before = state_of_git(guarded)
    lock = guarded.repository / ".git/config.lock"
    lock.touch()
    result = guarded.run("hooks", "uninstall")
    assert result.status == 3, result.printed
    assert "could not lock config file .git/config" in result.stderr
    assert "; no hook was changed\n" in result.stderr
    assert state_of_git(guarded) == before
    lock.unlink()
    assert guarded.run("hooks", "uninstall").status == 0


@pytest.mark.parametrize("command", ["install", "uninstall"])
def test_what_a_killed_installation_left_is_removed(user: User, command: str):
    folder = user.repository / ".git/hooks"
    folder.mkdir(exist_ok=True)
    left = folder / ".pre-commit.0123456789abcdef.gitops-secrets.tmp"
    left.write_text("#!/bin/sh\n")
    assert user.run("hooks", command).status == 0
    assert not left.exists()


def test_status_says_what_is_guarded_and_what_is_not(user: User):
    assert user.run("hooks", "status").status == 1
    user.run("hooks", "install")
    status = user.run("hooks", "status")
    assert status.status == 0
    assert "pre-commit: guards" in status.stdout


@pytest.mark.parametrize("name", CLIENT)
@pytest.mark.parametrize(
    "change",
    [
        lambda text: re.sub('(?m)^"[$]guard" scan.*', "true", text),
        lambda text: text.replace("|| exit $?", ""),
        lambda text: text.replace("#!/bin/sh\n", "#!/bin/sh\nexit 0\n"),
        lambda text: re.sub("(?m)^guard=.*", "guard=/bin/true", text),
        lambda text: re.sub("(?m)^(guard=.*)", r"\1; exit 0", text),
        lambda text: re.sub("(?m)^(guard=.*)", r"\1\nguard=true", text),
        lambda text: text + "# changed\n",
    ],
)
def test_a_script_that_was_changed_does_not_guard_and_install_brings_it_back(
    guarded: User, name: str, change: Callable[[str], str]
):
    path = guarded.repository / ".git/hooks" / name
    before = path.read_text()
    path.write_text(change(before))
    assert path.read_text() != before
    status = guarded.run("hooks", "status")
    assert status.status == 1
    assert f"{name}: does not guard" in status.stdout
    assert guarded.run("hooks", "install").status == 0
    assert path.read_text() == before
    assert guarded.run("hooks", "status").status == 0


def test_a_script_with_the_guard_at_another_path_guards(guarded: User, tmp_path: Path):
    other = tmp_path / "it's here" / "gitops-secrets"
    other.parent.mkdir()
    other.symlink_to(PROGRAM)
    path = guarded.repository / ".git/hooks/pre-commit"
    path.write_text(script("pre-commit", str(other)))
    status = guarded.run("hooks", "status")
    assert status.status == 0
    assert "pre-commit: guards, by another installation" in status.stdout
    other.unlink()
    status = guarded.run("hooks", "status")
    assert status.status == 1
    assert "pre-commit: does not guard: the program that it runs is not there" in status.stdout
    assert guarded.run("hooks", "install").status == 0
    assert guarded.run("hooks", "status").status == 0


@pytest.mark.parametrize("is_there", [True, False])
def test_a_hook_that_was_a_symlink_is_one_again(user: User, is_there: bool):
    folder = user.repository / ".git/hooks"
    folder.mkdir(exist_ok=True)
    target = user.repository / "tools/hook"
    if is_there:
        user.write({"tools/hook": "#!/bin/sh\nexit 7\n"})
        target.chmod(0o755)
    (folder / "pre-commit").symlink_to("../../tools/hook")
    for _ in range(2):
        assert user.run("hooks", "install").status == 0
    assert target.exists() == is_there
    user.git("commit", "--quiet", "--allow-empty", "--no-verify", "--message", "x")
    ends = git(user, "commit", "--allow-empty", "--message", "y").returncode
    assert ends == int(is_there), "it runs after the guard if it is there"
    assert user.run("hooks", "uninstall").status == 0
    assert (folder / "pre-commit").readlink() == Path("../../tools/hook")
    assert not list(folder.glob("*.before-gitops-secrets"))


@pytest.mark.parametrize("name", ["pre-push", "pre-receive"])
@pytest.mark.parametrize("kind", ["nothing", "one", "blanks", "many"])
def test_the_hook_that_was_there_is_given_the_same_bytes(
    user: User, tmp_path: Path, name: str, kind: str
):
    """The guard is a program that takes them too: what both were given is compared."""
    given = {
        "nothing": b"",
        "one": b"refs/heads/a %b refs/heads/a %b\n" % (b"1" * 40, b"0" * 40),
        "blanks": b"a\\n %s  \xff x\n\n\n",
        "many": b"".join(b"refs/heads/%d\n" % n for n in range(20_000)),
    }[kind]
    guard = tmp_path / "gitops-secrets"
    for path in (guard, tmp_path / f"{name}.before-gitops-secrets"):
        path.write_text(f"#!/bin/sh\ncat > '{path}.given'\n")
        path.chmod(0o755)
    hook = tmp_path / name
    hook.write_text(script(name, str(guard)))
    hook.chmod(0o755)
    assert user.program([hook, "origin", "x"], stdin=given).status == 0
    assert Path(f"{guard}.given").read_bytes() == given
    assert Path(f"{hook}.before-gitops-secrets.given").read_bytes() == given


def test_hooks_that_git_takes_from_no_folder_have_a_hint_that_works(user: User):
    user.git("config", "core.hooksPath", "/dev/null")
    for flags in ([], ["--shared"]):
        refused = user.run("hooks", "install", *flags)
        assert refused.status == 3
        assert "/dev/null, which is not a folder" in refused.stderr
    hint = refused.stderr.partition("hint: ")[2].strip()
    path = f"{PROGRAM.parent}:{user.env['PATH']}"
    assert user.program(["sh", "-c", hint], env={"PATH": path}).status == 0
    assert user.run("hooks", "status").status == 0
    user.write({"a.yaml": Fresh().secret})
    user.git("add", "--all")
    assert git(user, "commit", "--message", "x").returncode == 1


def test_core_hookspath_is_where_git_looks_and_so_do_we(user: User, tmp_path: Path):
    user.git("config", "core.hooksPath", ".husky")
    assert user.run("hooks", "install").status == 0
    assert (user.repository / ".husky/pre-commit").exists()
    shared = tmp_path / "everybodys"
    user.git("config", "core.hooksPath", str(shared))
    refused = user.run("hooks", "install")
    assert refused.status == 3
    assert "other repositories may share" in refused.stderr
    assert not shared.exists()
    assert user.run("hooks", "install", "--shared").status == 0


def test_a_guard_that_is_gone_blocks(guarded: User):
    path = guarded.repository / ".git/hooks/pre-commit"
    lines = path.read_text().splitlines()
    lines[2] = "guard=/nowhere/gitops-secrets"
    path.write_text("\n".join(lines) + "\n")
    guarded.env["PATH"] = "/usr/bin:/bin"
    guarded.write({"b.txt": "1\n"})
    guarded.git("add", "--all")
    refused = git(guarded, "commit", "--message", "x")
    assert refused.returncode != 0
    assert "nothing was looked at" in refused.stderr


def test_a_push_of_what_was_committed_past_the_guard_is_refused_at_home(user: User, tmp_path: Path):
    subprocess.run(["git", "init", "--quiet", "--bare", tmp_path / "remote"], check=True)
    user.git("remote", "add", "origin", str(tmp_path / "remote"))
    user.run("hooks", "install")
    user.commit({"b.txt": "1\n"})
    assert git(user, "push", "origin", "main").returncode == 0
    user.write({"a.yaml": Fresh().secret})
    user.git("add", "--all")
    user.git("commit", "--quiet", "--no-verify", "--message", "x")
    (user.repository / "a.yaml").unlink()
    user.git("commit", "--quiet", "--all", "--message", "gone again")
    refused = git(user, "push", "origin", "main")
    assert refused.returncode == 1
    assert "error[plaintext-dockerconfigjson]" in refused.stdout + refused.stderr
    user.git("reset", "--quiet", "--hard", "origin/main")
    assert git(user, "push", "origin", "main").returncode == 0


def test_the_hints_of_a_refused_push_lead_to_a_push(user: User, tmp_path: Path):
    subprocess.run(["git", "init", "--quiet", "--bare", tmp_path / "remote"], check=True)
    user.git("remote", "add", "origin", str(tmp_path / "remote"))
    user.commit(gotk.LAYOUTS["one cluster"].files)
    assert user.bootstrap().status == 0
    assert git(user, "push", "--set-upstream", "origin", "main").returncode == 0
    assert user.run("hooks", "install").status == 0
    user.write({"apps/regcred.yaml": Fresh().secret})
    for further in ("first.txt", "second.txt"):
        user.write({further: "hello\n"})
        user.git("add", "--all")
        user.git("commit", "--quiet", "--no-verify", "--message", further)
    refused = git(user, "push")
    said = refused.stdout + refused.stderr
    hints = re.findall(r"hint: (g.*)", said)
    assert hints[0].startswith("gitops-secrets encrypt --add-rule apps/regcred.yaml"), said
    assert hints[1].startswith("git reset --soft "), said

    for command in (hints[1], hints[0], "git commit --quiet --message again", "git push --quiet"):
        done = user.program(
            ["sh", "-c", command], env={"PATH": f"{PROGRAM.parent}:{user.env['PATH']}"}
        )
        assert done.status == 0, (command, done.printed)
    assert (user.repository / "second.txt").exists()
    assert "second.txt" in user.git("ls-tree", "--name-only", "origin/main")


def test_the_first_commit_and_a_merge_are_taken_back_in_their_own_ways(user: User, tmp_path: Path):
    subprocess.run(["git", "init", "--quiet", "--bare", tmp_path / "remote"], check=True)
    user.git("remote", "add", "origin", str(tmp_path / "remote"))
    user.run("hooks", "install")
    user.write({"a.yaml": Fresh().secret})
    user.git("add", "--all")
    user.git("commit", "--quiet", "--no-verify", "--message", "first")
    assert "hint: git update-ref -d HEAD\n" in _said(git(user, "push", "origin", "main"))

    user.git("checkout", "--quiet", "-b", "topic")
    user.commit({"topic.txt": "hello\n"})
    user.git("checkout", "--quiet", "main")
    user.commit({"main.txt": "hello\n"})
    user.git("push", "--quiet", "--no-verify", "origin", "main")
    user.write({"b.yaml": Fresh().secret})
    user.git("add", "--all")
    user.git("commit", "--quiet", "--no-verify", "--message", "second")
    bad = user.git("rev-parse", "HEAD")[:12]
    user.git("merge", "--quiet", "--no-edit", "--no-verify", "topic")
    said = _said(git(user, "push", "origin", "main"))
    assert f"hint: git rebase --interactive --rebase-merges {bad}~1\n" in said


def _said(run: subprocess.CompletedProcess[str]) -> str:
    return run.stdout + run.stderr


def push(user: User, *arguments: str) -> subprocess.CompletedProcess[str]:
    return git(user, "push", "origin", *(arguments or ("main",)))


def test_the_server_refuses_a_readable_secret_and_nothing_moves(user: User, server: Repository):
    fresh, before = Fresh(), server.head()
    user.commit({"a.yaml": fresh.secret})
    refused = push(user)
    assert refused.returncode == 1
    assert "remote: a.yaml:8:22: error[plaintext-dockerconfigjson]" in refused.stderr
    assert fresh.password not in refused.stdout + refused.stderr
    assert server.head() == before
    commit = user.git("rev-parse", "HEAD")[:12]
    assert f"remote:     hint: git reset --soft {commit}~1" in refused.stderr
    blob = user.git("rev-parse", "HEAD:a.yaml").strip()
    with pytest.raises(RuntimeError):
        server.git("cat-file", "-e", blob)


def test_the_server_refuses_a_secret_that_a_later_commit_removes(user: User, server: Repository):
    user.commit({"a.yaml": Fresh().secret})
    (user.repository / "a.yaml").unlink()
    user.commit({})
    assert push(user).returncode == 1


@pytest.mark.parametrize("ref", ["refs/heads/new", "refs/tags/v1", "refs/anything/else"])
def test_the_server_guards_every_ref(user: User, server: Repository, ref: str):
    user.commit({"a.yaml": Fresh().secret})
    assert push(user, f"HEAD:{ref}").returncode == 1


def test_the_server_guards_a_tag_that_names_a_content(user: User, server: Repository):
    user.write({"a.yaml": Fresh().secret})
    blob = user.git("hash-object", "-w", "a.yaml").strip()
    user.git("tag", "content", blob)
    refused = push(user, "refs/tags/content")
    assert refused.returncode == 1
    assert f"object {blob[:12]}" in refused.stderr


def test_the_server_accepts_what_is_clean_and_what_deletes(user: User, server: Repository):
    user.commit({"b.txt": "1\n"})
    assert push(user).returncode == 0
    assert push(user, "main:other").returncode == 0
    assert push(user, "--delete", "other").returncode == 0
    assert server.head() == user.git("rev-parse", "HEAD").strip()


def test_a_secret_with_its_own_excuse_is_refused(user: User, server: Repository):
    user.commit({"a.yaml": Fresh().secret.replace("data:\n", "data:\n  " + MARKER)})
    assert user.run("scan", "--tree").status == 0
    refused = push(user)
    assert "error[plaintext-dockerconfigjson]" in refused.stderr
    assert "error[policy-change]" in refused.stderr


def test_a_secret_with_its_own_baseline_is_refused(user: User, server: Repository):
    user.commit({"a.yaml": Fresh().secret})
    user.run("scan", "--tree", "--accept", "for tests")
    user.commit({})
    assert user.run("scan", "--tree").status == 0
    refused = push(user)
    assert "error[plaintext-dockerconfigjson]" in refused.stderr
    assert "error[policy-change]" in refused.stderr


def test_a_push_that_drops_a_creation_rule_is_still_judged_by_it(user: User, server: Repository):
    server.git("config", "gitops-secrets.allowPolicyChanges", "true")
    user.commit({".sops.yaml": RULES})
    assert push(user).returncode == 0
    (user.repository / ".sops.yaml").unlink()
    user.commit({"secrets/db.yaml": OPAQUE % Fresh().password})
    refused = push(user)
    assert "error[unencrypted-secret]" in refused.stderr


def test_a_change_of_policy_is_listed_and_passes_only_where_the_server_allows_it(
    user: User, server: Repository
):
    user.commit({".sops.yaml": RULES})
    refused = push(user)
    assert "error[policy-change]" in refused.stderr
    server.git("config", "gitops-secrets.allowPolicyChanges", "true")
    accepted = push(user)
    assert accepted.returncode == 0
    assert "warning[policy-change]" in accepted.stderr


def test_a_branch_that_begins_at_old_rules_is_judged_by_those_of_the_default_branch(
    user: User, server: Repository
):
    server.git("config", "gitops-secrets.allowPolicyChanges", "true")
    old = server.head()
    user.commit({".sops.yaml": RULES})
    assert push(user).returncode == 0
    assert push(user, f"{old}:refs/heads/old").returncode == 0
    user.git("switch", "--quiet", "--detach", old)
    user.commit({"secrets/db.yaml": OPAQUE % Fresh().password})
    refused = push(user, "HEAD:refs/heads/old")
    assert refused.returncode == 1
    assert "error[unencrypted-secret]" in refused.stderr


@pytest.mark.parametrize("how", ["back", "to a known branch"])
def test_a_default_branch_that_moves_to_other_rules_without_a_new_commit_is_refused(
    user: User, server: Repository, how: str
):
    server.git("config", "gitops-secrets.allowPolicyChanges", "true")
    user.commit({".sops.yaml": RULES})
    assert push(user).returncode == 0
    before = server.head()
    user.commit({".sops.yaml": RULES.replace("secrets", "other"), "b.txt": "1\n"})
    assert push(user, "main:topic").returncode == 0
    server.git("config", "--unset", "gitops-secrets.allowPolicyChanges")
    refused = push(user, *(["--force", "HEAD~2:main"] if how == "back" else ["main"]))
    assert refused.returncode == 1
    assert "error[policy-change]" in refused.stderr
    assert server.head() == before
    user.git("reset", "--quiet", "--hard", before)
    user.commit({"b.txt": "2\n"})
    assert push(user).returncode == 0


def test_a_server_whose_head_names_no_branch_takes_rules_only_where_all_branches_agree(
    user: User, server: Repository
):
    server.git("symbolic-ref", "HEAD", "refs/heads/master")
    user.commit({"b.txt": "1\n"})
    assert push(user, "main:topic").returncode == 0, "all branches have the same rules: none"
    server.git("config", "gitops-secrets.allowPolicyChanges", "true")
    user.commit({".sops.yaml": RULES})
    assert push(user, "main:ruled").returncode == 0
    user.git("reset", "--quiet", "--hard", "HEAD^")
    user.commit({"b.txt": "2\n"})
    for ref in ("main", "main:another"):
        refused = push(user, ref)
        assert refused.returncode == 1
        assert "git symbolic-ref HEAD refs/heads/main" in refused.stderr
    server.git("symbolic-ref", "HEAD", "refs/heads/main")
    assert push(user).returncode == 0


@pytest.mark.parametrize("ref", ["refs/heads/main", "refs/heads/topic", "refs/tags/v1"])
def test_the_first_push_to_an_empty_repository_is_judged(user: User, tmp_path: Path, ref: str):
    with GitServer(tmp_path / "server") as http:
        bare = http.create("fleet")
        assert user.run("hooks", "install", "--repo", str(bare.folder)).status == 0
        user.git("remote", "add", "origin", bare.url_with_password)
        user.commit({"a.yaml": Fresh().secret})
        assert "error[plaintext-dockerconfigjson]" in push(user, f"HEAD:{ref}").stderr
        assert bare.git("for-each-ref") == ""
        user.git("checkout", "--quiet", "--orphan", "clean")
        (user.repository / "a.yaml").unlink()
        user.commit({"b.txt": "1\n"})
        assert push(user, f"HEAD:{ref}").returncode == 0


def test_a_forced_push_of_rewritten_commits_is_judged(user: User, server: Repository):
    before = server.head()
    user.git("commit", "--quiet", "--amend", "--allow-empty", "--message", "x")
    user.commit({"a.yaml": Fresh().secret})
    assert "error[plaintext-dockerconfigjson]" in push(user, "--force", "main").stderr
    assert server.head() == before


def test_an_annotated_tag_and_a_tree_of_their_own_are_judged(user: User, server: Repository):
    user.write({"a.yaml": Fresh().secret})
    user.git("add", "--all")
    tree = user.git("write-tree").strip()
    user.git("tag", "--annotate", "--message", "x", "v1", tree)
    refused = push(user, "refs/tags/v1")
    assert refused.returncode == 1
    assert "error[plaintext-dockerconfigjson]" in refused.stderr


def test_an_exception_of_the_protected_branch_counts_for_a_push(user: User, server: Repository):
    server.git("config", "gitops-secrets.allowPolicyChanges", "true")
    text = Fresh().secret.replace("data:\n", "data:\n  " + MARKER)
    server.git("config", "core.hooksPath", "/dev/null")
    user.commit({"a.yaml": text})
    assert push(user).returncode == 0
    server.git("config", "--unset", "core.hooksPath")
    user.commit({"a.yaml": text + "# a note\n"})
    accepted = push(user)
    assert accepted.returncode == 0, accepted.stderr
    assert "excused[plaintext-dockerconfigjson] by its marker" in accepted.stderr


def test_a_bootstrapped_cluster_arrives(user: User, server: Repository):
    server.git("config", "gitops-secrets.allowPolicyChanges", "true")
    assert user.bootstrap().status == 0
    assert push(user).returncode == 0
