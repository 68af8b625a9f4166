"""Whose rules count: no name, merge or move of a branch brings others."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.hostile.server import RULED, RULES, readable, serve
from tests.support.githttp import GitServer
from tests.support.user import User

WEAKER = "creation_rules:\n- path_regex: ^nowhere/\n"
BASELINE = ".gitops-secrets-baseline.yaml"
SETTINGS = ".gitops-secrets.yaml"


def use_policy(folder: Path, name: str) -> None:
    hook = folder / "hooks/pre-receive"
    hook.write_text(hook.read_text().replace("--pre-receive", f"--pre-receive --policy {name}"))


@pytest.mark.parametrize("taken", ["refs/tags/main", "refs/main", "refs/remotes/main"])
def test_a_ref_of_the_same_name_does_not_take_the_place_of_the_branch(
    user: User, tmp_path: Path, taken: str
) -> None:
    server = serve(user, tmp_path / "s.git", {"a": "1\n"})
    old = user.git("rev-parse", "HEAD").strip()
    user.commit({".sops.yaml": RULES})
    server.without_guard("main")
    server.git("update-ref", taken, old)
    use_policy(server.folder, "main")
    user.commit({RULED: readable()})
    assert not server.accepts("HEAD:refs/heads/x")


def test_a_branch_that_is_gone_is_not_replaced_by_a_tag(user: User, tmp_path: Path) -> None:
    server = serve(user, tmp_path / "s.git", {"a": "1\n"})
    server.without_guard("HEAD:refs/tags/policy", "HEAD:refs/heads/other")
    use_policy(server.folder, "policy")
    refused = server.push("HEAD:refs/heads/x")
    assert refused.returncode == 1
    assert b"write it in full: refs/tags/policy" in refused.stderr


@pytest.mark.parametrize("name", ["HEAD", "main"])
def test_head_means_the_default_branch_and_no_ref_of_that_name(
    user: User, tmp_path: Path, name: str
) -> None:
    server = serve(user, tmp_path / "s.git", {".sops.yaml": RULES})
    old = user.git("commit-tree", "-m", "x", "4b825dc642cb6eb9a060e54bf8d69288fbee4904").strip()
    server.without_guard(f"{old}:refs/heads/lax", f"{old}:refs/tags/HEAD")
    server.git("symbolic-ref", "HEAD", "refs/heads/gone")
    if name != "HEAD":
        use_policy(server.folder, name)
    user.commit({RULED: readable()})
    assert not server.accepts("HEAD:refs/heads/lax", "--force")


@pytest.mark.parametrize("file", [".sops.yaml", "apps/.sops.yaml", BASELINE, SETTINGS])
@pytest.mark.parametrize("how", ["ours", "octopus", "commit-tree"])
def test_a_merge_that_brings_an_older_policy_back_is_a_change_of_policy(
    user: User, tmp_path: Path, file: str, how: str
) -> None:
    user.commit({"a": "1\n"})
    user.git("branch", "old")
    server = serve(user, tmp_path / "s.git", {file: "version: 1\naccepted: []\n"})
    user.git("switch", "--quiet", "--create", "topic", "old")
    user.commit({"b": "1\n"})
    if how == "commit-tree":
        merge = user.git(
            "commit-tree", "-m", "x", "-p", "main", "-p", "topic", "topic^{tree}"
        ).strip()
        user.git("reset", "--quiet", "--hard", merge)
    else:
        more = ["old"] if how == "octopus" else []
        user.git("merge", "--quiet", "--strategy=ours", "--message", "x", "main", *more)
    result = user.run("scan", "--range", "main..topic")
    assert result.status == 1
    assert f"{file}:1:1: error[policy-change]" in result.stdout
    assert not server.accepts("topic:main")


def test_a_branch_that_is_behind_changes_no_policy(user: User, tmp_path: Path) -> None:
    user.commit({"a": "1\n"})
    user.git("branch", "old")
    server = serve(user, tmp_path / "s.git", {".sops.yaml": RULES})
    user.git("switch", "--quiet", "--create", "topic", "old")
    user.commit({"b": "1\n"})
    assert user.run("scan", "--range", "main..topic").status == 0
    assert server.accepts("topic")
    user.git("merge", "--quiet", "--message", "x", "main")
    assert user.run("scan", "--range", "main..topic").status == 0
    assert server.accepts("topic", "topic:main")


def test_a_range_over_a_move_back_compares_both_ends(user: User) -> None:
    user.commit({"a": "1\n"})
    user.commit({".sops.yaml": RULES})
    before = user.git("rev-parse", "HEAD").strip()
    user.git("reset", "--quiet", "--hard", "HEAD^")
    result = user.run("scan", "--range", f"{before}..HEAD")
    assert result.status == 1
    assert "error[policy-change]" in result.stdout


def test_a_name_of_two_branches_is_refused_with_both_full_names(user: User) -> None:
    user.commit({"a": "1\n"})
    user.git("update-ref", "refs/remotes/origin/main", "HEAD")
    user.commit({".sops.yaml": RULES})
    user.git("branch", "origin/main")
    result = user.run("scan", "--range", "origin/main..HEAD")
    assert result.status == 3
    assert "refs/heads/origin/main" in result.stderr
    assert "refs/remotes/origin/main" in result.stderr


@pytest.mark.parametrize(
    "name",
    ["HEAD", "@", "main", "heads/main", "main~1", "HEAD^{/two}", "@{0}", "main@{1}", "v1", ":/two"],
)
def test_what_git_takes_for_a_revision_can_be_looked_at(user: User, name: str) -> None:
    user.commit({"a": "1\n"})
    user.git("tag", "--annotate", "--message", "x", "v1")
    user.write({"b": "1\n"})
    user.git("add", "--all")
    user.git("commit", "--quiet", "--message", "two")
    assert user.run("scan", "--tree", name).status == 0


def test_the_protected_branch_is_not_deleted_and_made_again(user: User, tmp_path: Path) -> None:
    server = serve(user, tmp_path / "s.git", {"a": "1\n"})
    old = user.git("rev-parse", "HEAD").strip()
    user.commit({".sops.yaml": RULES})
    server.without_guard("main")
    server.git("config", "receive.denyDeleteCurrent", "ignore")
    assert not server.accepts(":main")
    assert not server.accepts("--force", f"{old}:main")
    server.git("symbolic-ref", "HEAD", "refs/heads/gone")
    assert not server.accepts(":main")
    assert not server.accepts(f"{old}:refs/heads/gone")


def test_a_symbolic_ref_does_not_move_the_protected_branch_behind_the_guard(
    user: User, tmp_path: Path
) -> None:
    server = serve(user, tmp_path / "s.git", {"a": "1\n"})
    old = user.git("rev-parse", "HEAD").strip()
    user.commit({".sops.yaml": RULES})
    server.without_guard("main")
    server.git("symbolic-ref", "refs/heads/alias", "refs/heads/main")
    assert not server.accepts("--force", f"{old}:alias")


def test_rules_that_are_a_symlink_or_gone_to_a_submodule_are_a_change(
    user: User, tmp_path: Path
) -> None:
    server = serve(user, tmp_path / "s.git", {".sops.yaml": RULES})
    before = user.git("rev-parse", "HEAD").strip()
    (user.repository / ".sops.yaml").unlink()
    (user.repository / ".sops.yaml").symlink_to("other.yaml")
    user.commit({"other.yaml": WEAKER})
    assert not server.accepts("main")
    user.git("reset", "--quiet", "--hard", before)
    user.git("update-index", "--cacheinfo", f"160000,{before},.sops.yaml")
    user.git("commit", "--quiet", "--message", "x")
    assert not server.accepts("main")


def test_rules_that_are_a_symlink_on_the_protected_branch_block(user: User, tmp_path: Path) -> None:
    (user.repository / ".sops.yaml").symlink_to("other.yaml")
    server = serve(user, tmp_path / "s.git", {"other.yaml": RULES})
    user.commit({RULED: readable()})
    refused = server.push("main")
    assert refused.returncode == 1
    assert b".sops.yaml" in refused.stderr


def test_rules_by_a_symlink_to_other_rules_count(user: User, tmp_path: Path) -> None:
    (user.repository / "secrets").mkdir()
    (user.repository / "secrets/.sops.yaml").symlink_to("../.sops.yaml")
    rules = RULES.replace("^secrets/", "^db")
    server = serve(user, tmp_path / "s.git", {".sops.yaml": rules})
    user.commit({"secrets/other.yaml": readable()})
    assert server.accepts("main")
    user.commit({RULED: readable()})
    assert not server.accepts("main")


@pytest.mark.parametrize("branch", ["main", "topic"])
def test_the_first_push_brings_its_own_rules_and_is_judged_by_them(
    user: User, tmp_path: Path, branch: str
) -> None:
    server = serve(user, tmp_path / "s.git", {})
    user.commit({".sops.yaml": RULES, RULED: readable()})
    assert not server.accepts(f"HEAD:refs/heads/{branch}")
    (user.repository / RULED).unlink()
    user.git("add", "--all")
    user.git("commit", "--quiet", "--amend", "--message", "x")
    assert server.accepts(f"HEAD:refs/heads/{branch}")
    user.commit({"b": "1\n"})
    assert server.accepts("HEAD:refs/heads/main"), "the default branch comes to be later"
    user.commit({RULED: readable()})
    assert not server.accepts("HEAD:refs/heads/main")


@pytest.mark.parametrize("how", ["tag", "merge", "move", "marker", "first"])
def test_over_http_the_policy_is_that_of_the_branch_as_it_was(
    user: User, tmp_path: Path, how: str
) -> None:
    with GitServer(tmp_path / "http") as http:
        bare = http.create("fleet")
        user.git("remote", "add", "origin", bare.url_with_password)
        marker = "# gitops-secrets: ignore[unencrypted-secret] for tests\n"
        user.commit({"a": "1\n"})
        user.git("branch", "old")
        user.commit(
            {".sops.yaml": RULES, "secrets/t.yaml": marker + readable("t").replace("\n", " \n")}
        )
        if how != "first":
            user.git("push", "--quiet", "origin", "main")
        assert user.run("hooks", "install", "--repo", str(bare.folder)).status == 0
        push = ["push", "--quiet", "origin"]
        if how == "tag":
            use_policy(bare.folder, "main")
            user.git(*push, "old:refs/tags/main")
            user.commit({RULED: readable()})
            push += ["main"]
        elif how == "merge":
            user.git("switch", "--quiet", "old")
            user.git("merge", "--quiet", "--strategy=ours", "--message", "x", "main")
            push += ["old:main"]
        elif how == "move":
            push += ["--force", "old:main"]
        elif how == "marker":
            before = user.read("secrets/t.yaml")
            user.commit({"secrets/t.yaml": before + "---\n" + marker + readable()})
            push += ["main"]
        else:
            push += ["main"]
        with pytest.raises(AssertionError, match="error"):
            user.git(*push)
        assert bare.git("for-each-ref", "refs/heads", "--format=%(refname)").split() == (
            [] if how == "first" else ["refs/heads/main"]
        )
