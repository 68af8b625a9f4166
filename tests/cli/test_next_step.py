"""What a command prints besides its result leads on: to what is left to do, and not to what is done."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.cli.test_doctor_images import pulls
from tests.field import byhand
from tests.hints.of_findings import in_conflict
from tests.hostile.server import serve
from tests.support.fleet import DECRYPTED, FILES, kustomization, push
from tests.support.secrets import PATH, mixed, opaque, recipient, rule
from tests.support.user import PROGRAM, User
from tests.support.verified import seal as sealed

GUARD = "\n  gitops-secrets hooks install\n"
FOLLOWS = re.compile(r"to take it back: (.*)$", re.MULTILINE)


def typed(user: User, line: str) -> None:
    env = {"PATH": f"{PROGRAM.parent}:{user.env['PATH']}", "GIT_EDITOR": "sed -i 1iChange"}
    done = user.program(["sh", "-c", line], env=env)
    assert done.status == 0, (line, done.printed)


@pytest.mark.parametrize("is_first", [True, False])
def test_encrypt_takes_a_readable_secret_out_of_commits_that_are_not_pushed(
    user: User, is_first: bool
) -> None:
    own = recipient(user)
    if not is_first:
        user.commit({"a": "1"})
        push(user)
    value = mixed()
    user.commit({PATH: opaque(value), ".sops.yaml": rule(own)})
    user.commit({"b": "2"})
    said = user.run("encrypt", PATH).stdout
    assert "is not pushed yet" in said
    found = FOLLOWS.search(said)
    assert found is not None
    typed(user, found[1])
    assert value not in user.git("log", "-p")


def test_encrypt_says_of_a_pushed_secret_that_its_credential_has_to_change(user: User) -> None:
    user.commit({PATH: opaque("one"), ".sops.yaml": rule(recipient(user))})
    push(user)
    user.commit({PATH: opaque("two")})
    assert "change the credential itself" in user.run("encrypt", PATH).stdout


@pytest.mark.parametrize("by", ["hooks install", "the pre-commit framework"])
def test_the_hooks_are_named_until_the_guard_looks(user: User, by: str) -> None:
    user.commit(FILES)
    assert GUARD in user.run().stdout
    if by == "hooks install":
        assert user.run("hooks", "install").status == 0
    else:
        user.commit(
            {".pre-commit-config.yaml": "repos:\n- repo: https://example.com/gitops-secrets\n"}
        )
    assert GUARD not in user.run().stdout
    assert GUARD not in user.bootstrap().stdout


def test_the_first_command_is_for_a_cluster_that_needs_it(user: User) -> None:
    user.commit({**FILES, **byhand.LAYOUTS["a root that holds itself"].files})
    said = user.run().stdout
    assert "  apps: no pull Secret\n" in said
    assert "next:\n  gitops-secrets bootstrap --path clusters/prod " in said, (
        "apps has no installer"
    )
    image = "      containers: [{name: web, image: registry.example.com/web:1}]\n"
    pod = f"spec:\n  template:\n    spec:\n{image}"
    web = f"apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web, namespace: shop}}\n{pod}"
    user.commit({"apps/web.yaml": web})
    assert "next:\n  gitops-secrets bootstrap --path apps " in user.run().stdout, "it pulls"


def test_other_hooks_are_no_guard(user: User) -> None:
    user.commit(FILES)
    user.hook("pre-commit", "exit 0")
    assert GUARD in user.bootstrap().stdout


def test_a_merge_in_conflict_comes_before_all_else(user: User) -> None:
    in_conflict(user)
    said = user.run().stdout
    assert f"  a merge is under way, in conflict: {PATH}\n" in said
    assert said.endswith(f"next:\n  gitops-secrets resolve {PATH}\n  gitops-secrets --help\n")
    assert user.run("resolve", PATH, "--ours").status == 0
    said = user.run().stdout
    assert "  a merge is under way, no file is in conflict\n" in said
    assert said.endswith("next:\n  git status\n  gitops-secrets --help\n")
    user.git("commit", "--quiet", "--no-edit")
    assert "under way" not in user.run().stdout


def test_a_readable_file_in_conflict_is_gits(user: User) -> None:
    user.commit({"a": "first\n"})
    user.git("switch", "--quiet", "-c", "topic")
    user.commit({"a": "theirs\n"})
    user.git("switch", "--quiet", "main")
    user.commit({"a": "ours\n"})
    assert user.program(["git", "merge", "--quiet", "topic"]).status == 1
    said = user.run().stdout
    assert "  a merge is under way, in conflict: a\n" in said
    assert said.endswith("next:\n  git status\n  gitops-secrets --help\n")


def test_a_file_that_flux_does_not_decrypt_yet_comes_with_the_edit(user: User) -> None:
    user.commit(
        {
            **FILES,
            "clusters/prod/apps.yaml": kustomization("apps", "apps"),
            "apps/kustomization.yaml": "resources: []\n",
            PATH: opaque("one"),
        }
    )
    assert user.bootstrap().status == 0
    said = user.run("encrypt", "--add-rule", PATH).stdout
    assert "will apply apps/db.yaml without spec.decryption" in said
    assert DECRYPTED.strip() in said


def test_keys_are_listed_if_one_of_two_clusters_has_a_pull_secret(user: User) -> None:
    stage = {p.replace("prod", "stage"): c.replace("prod", "stage") for p, c in FILES.items()}
    user.commit({**FILES, **stage})
    assert user.bootstrap().status == 0
    said = user.run("key", "list")
    assert (said.status, "clusters/prod: 1 encrypted file" in said.stdout) == (0, True), said
    assert user.run("key", "list", "--path", "clusters/stage").status == 3


def test_verify_does_not_count_what_it_could_not_open(user: User) -> None:
    user.commit({".sops.yaml": rule(recipient(user))})
    for name in ("a", "b"):
        user.run("encrypt", "-", "--to", f"apps/{name}.yaml", stdin=opaque("x", name=name).encode())
    user.commit({})
    (user.home / ".config/sops/age/keys.txt").unlink()
    said = user.run("verify").stdout
    assert "no identity at hand opens 2 files: no value was decrypted" in said
    assert " of 0" not in said


def test_encrypt_renews_a_file_for_the_readers_of_its_rule(user: User) -> None:
    own = recipient(user)
    user.commit({".sops.yaml": rule(own)})
    user.run("encrypt", "-", "--to", PATH, stdin=opaque("one").encode())
    other = recipient(user, "other.txt")
    user.commit({".sops.yaml": rule(own, other)})
    said = user.run("encrypt", PATH)
    assert (said.status, other in said.stdout) == (0, True), said
    user.commit({".sops.yaml": rule(own)})
    assert user.run("encrypt", PATH).status == 0
    assert other not in user.read(PATH)
    assert user.run("verify").status == 0


def test_a_change_of_policy_is_no_secret_to_take_back(user: User, tmp_path: Path) -> None:
    server = serve(user, tmp_path / "s.git", FILES)
    user.git("fetch", "--quiet", "origin")
    user.git("branch", "--quiet", "--set-upstream-to=origin/main")
    said = user.bootstrap("--push")
    assert said.status == 3
    assert "hint: on the server, for this push: git config" in said.stderr
    assert "git reset" not in said.stderr
    server.git("config", "gitops-secrets.allowPolicyChanges", "true")
    assert user.bootstrap("--push").status == 0


def test_no_command_is_named_for_a_file_that_only_earlier_commits_have(user: User) -> None:
    user.commit({PATH: opaque(mixed()), ".sops.yaml": rule(recipient(user))})
    user.git("rm", "--quiet", PATH)
    user.git("commit", "--quiet", "--message", "Gone")
    said = user.run("scan", "--history").stdout
    assert "error[unencrypted-secret]" in said
    assert "hint: only earlier commits have it" in said


def test_a_pull_secret_that_somebody_made_by_hand_is_named(user: User) -> None:
    user.commit({**FILES, ".sops.yaml": rule(recipient(user), regex="\\.yaml$")})
    sealed(user, "clusters/prod/pull.yaml", pulls("registry.example.com"))
    user.git("add", "--all")
    user.git("commit", "--quiet", "--message", "Pull")
    line = "  clusters/prod: 1 pull Secret in clusters/prod/pull.yaml, not made by bootstrap\n"
    assert line in user.run().stdout
