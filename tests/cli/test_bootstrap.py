"""Bootstrap, as a user meets it: what he gives, what he gets, and what again does."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import documents
from tests.support.user import BOOTSTRAP, PROGRAM, User

SECRET = "pull-secrets/prod/regcred.sops.yaml"
KEY = "registry.example.com"
GOOGLE = json.dumps(
    {"type": "service_account", "private_key": "-----BEGIN\nabc=\n-----END\n"}, indent=1
)


@pytest.mark.parametrize(
    "password",
    [
        "p",
        "with:colons:in:it",
        " spaces at both ends ",
        "'single' \"double\" `back`",
        "$HOME ${x} $(x) $$ %s \\n",
        "ünïcödé 🔑 漢字",
        "two\nlines\n",
        "tab\tand\rreturn",
        GOOGLE,
        "x" * 4096,
    ],
)
def test_any_password_arrives_as_it_was_given(user: User, password: str) -> None:
    assert user.bootstrap(creds=f"robot:{password}").status == 0
    assert user.credentials() == {KEY: f"robot:{password}"}


def test_one_commit_holds_all_of_it_and_nothing_else(user: User) -> None:
    user.commit({"a": "1", "b": "1"})
    user.write({"a": "staged", "b": "unstaged", "c": "untracked"})
    user.git("add", "a")

    assert user.bootstrap().status == 0

    assert user.commits() == 2
    assert user.git("status", "--porcelain") == "M  a\n M b\n?? c\n"
    assert user.git("show", "--name-only", "--format=").split() == [
        ".sops.yaml",
        "clusters/prod/flux-system/gotk-components.yaml",
        "clusters/prod/flux-system/gotk-sync.yaml",
        "clusters/prod/flux-system/kustomization.yaml",
        "clusters/prod/pull-secrets.yaml",
        SECRET,
    ]


def test_a_second_run_changes_no_byte(user: User) -> None:
    user.bootstrap()
    before = user.state()

    result = user.bootstrap()

    assert (result.status, user.state()) == (0, before)
    assert "everything is in place" in result.stdout


def test_a_changed_password_changes_three_lines(user: User) -> None:
    user.bootstrap()
    old = user.read(SECRET).splitlines()

    user.bootstrap(creds="robot:changed")

    new = user.read(SECRET).splitlines()
    changed = [
        line.strip().split(":")[0] for line, was in zip(new, old, strict=True) if line != was
    ]
    assert set(changed) <= {".dockerconfigjson", "lastmodified", "mac"}
    assert user.credentials() == {KEY: "robot:changed"}
    assert user.git("show", "--name-only", "--format=").split() == [SECRET]


def test_a_second_registry_joins_the_first(user: User) -> None:
    user.bootstrap(creds="robot:one")
    result = user.run(
        *("bootstrap", "--path", "clusters/prod", "--image-pull-secret", "regcred"),
        *("--registry", "ghcr.io", "--registry-creds-env", "CREDS"),
        env={"CREDS": "robot:two"},
    )
    assert result.status == 0
    assert user.credentials() == {KEY: "robot:one", "ghcr.io": "robot:two"}


def test_without_a_registry_it_is_the_one_of_fluxs_own_images(user: User) -> None:
    image = "        image: registry.corp.example:5000/fluxcd/source-controller:v1.7.0\n"
    user.commit({"clusters/prod/flux-system/gotk-components.yaml": f"a:\n{image}"})
    arguments = (*BOOTSTRAP[:5], "--registry-creds-env", "CREDS")
    assert user.run(*arguments, env={"CREDS": "robot:p"}).status == 0
    assert user.credentials() == {"registry.corp.example:5000": "robot:p"}


def test_each_registry_has_the_source_that_follows_it(user: User, tmp_path: Path) -> None:
    file, config = tmp_path / "creds", tmp_path / "config.json"
    file.write_text("robot:from-file\n")
    config.write_text('{"auths": {"https://c.io/v2/": {"auth": "cm9ib3Q6ZnJvbS1jb25maWc="}}}')
    result = user.run(
        *("bootstrap", "--path", "clusters/prod", "--image-pull-secret", "regcred"),
        *("--registry", "a.io", "--registry-creds-file", str(file)),
        *("--registry", "b.io/team", "--scope", "path", "--registry-creds-env", "CREDS"),
        *("--registry", "c.io", "--registry-creds-docker-config", str(config)),
        *("--registry", "d.io", "--registry-creds-stdin"),
        *("--registry", "e.io", "--registry-creds", "robot:from-argument"),
        env={"CREDS": "robot:from-variable"},
        stdin=b"robot:from-stdin\n",
    )
    assert result.status == 0, result.stderr
    assert user.credentials() == {
        "a.io": "robot:from-file",
        "b.io/team": "robot:from-variable",
        "c.io": "robot:from-config",
        "d.io": "robot:from-stdin",
        "e.io": "robot:from-argument",
    }
    assert "process lists and the shell history show --registry-creds" in result.stderr


def test_a_credential_helper_is_asked(user: User, tmp_path: Path) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    helper = programs / "docker-credential-vault"
    helper.write_text(
        '#!/bin/sh\nread server\nprintf \'{"ServerURL":"%s","Username":"robot","Secret":"helped"}\' "$server"\n'
    )
    helper.chmod(0o755)
    config = tmp_path / "config.json"
    config.write_text('{"auths": {"registry.example.com": {}}, "credsStore": "vault"}')
    result = user.run(
        *("bootstrap", "--path", "clusters/prod", "--image-pull-secret", "regcred"),
        *("--registry", KEY, "--registry-creds-docker-config", str(config)),
        env={"PATH": f"{programs}:{os.environ['PATH']}"},
    )
    assert result.status == 0, result.stderr
    assert user.credentials() == {KEY: "robot:helped"}


def test_without_a_source_the_terminal_is_asked_and_echoes_no_password(user: User) -> None:
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(user.repository)
        os.execve(
            PROGRAM,
            [str(PROGRAM), *BOOTSTRAP[:7]],
            user.env,
        )
    seen = b""
    for question, answer in ((b"User name", b"robot\n"), (b"Password", b"hunter2hunter2\n")):
        while question not in seen:
            seen += os.read(terminal, 1024)
        os.write(terminal, answer)
    try:
        while chunk := os.read(terminal, 1024):
            seen += chunk
    except OSError:
        pass
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert b"hunter2" not in seen
    assert user.credentials() == {KEY: "robot:hunter2hunter2"}


def test_people_who_may_read_it_are_named_in_the_rule(user: User) -> None:
    from gitops_secrets.adapters.age import create_identity

    alice = create_identity().recipient
    user.bootstrap("--age-recipient", alice)
    assert f"- {alice} # person" in user.read(".sops.yaml")
    assert f"recipient: {alice}" in user.read(SECRET)


def test_a_person_can_be_added_later(user: User) -> None:
    from gitops_secrets.adapters.age import create_identity

    user.bootstrap()
    bob = create_identity().recipient
    assert user.bootstrap("--age-recipient", bob).status == 0
    assert f"recipient: {bob}" in user.read(SECRET)
    assert user.credentials() == {KEY: "robot:password"}


def test_a_dry_run_shows_the_plan_and_writes_nothing(user: User) -> None:
    before = user.state()
    result = user.bootstrap("--dry-run", creds="robot:hunter2hunter2")
    assert (result.status, user.state()) == (0, before)
    assert "+  .dockerconfigjson: ENC[...]" in result.stdout
    assert "6 files would change; nothing was written" in result.stdout
    assert "+++ b/clusters/prod/flux-system/gotk-sync.yaml" in result.stdout, "empty, and shown"
    kept = user.home / ".config/sops/age/gitops-secrets/prod.agekey"
    assert f"a new identity for clusters/prod would be stored in {kept}" in result.stdout


def test_the_next_commands_bring_the_identity_before_what_it_opens(user: User) -> None:
    said = user.bootstrap().stdout
    commands = said[said.index("next:") :].splitlines()[1:]
    assert commands == [
        "  gitops-secrets apply --path clusters/prod --context CONTEXT",
        "  gitops-secrets hooks install",
        "  git push",
        "  flux bootstrap git --path clusters/prod --url URL --branch main",
    ]


def test_an_empty_kustomization_of_fluxs_is_as_good_as_none(user: User) -> None:
    path = "clusters/prod/flux-system/kustomization.yaml"
    user.commit({path: ""})
    assert user.bootstrap().status == 0
    assert "- gotk-components.yaml\n- gotk-sync.yaml\n" in user.read(path)


def test_no_commit_leaves_the_commit_to_the_user(user: User) -> None:
    user.commit({"a": "1"})
    result = user.bootstrap("--no-commit")
    assert (result.status, user.commits()) == (0, 1)
    assert SECRET in user.git("status", "--porcelain", "--untracked-files=all")
    command = next(line for line in result.stdout.splitlines() if line.startswith("  git add"))
    subprocess.run(
        ["sh", "-c", command + " --quiet -m x"], cwd=user.repository, env=user.env, check=True
    )
    assert user.bootstrap().stdout.startswith("clusters/prod: everything is in place\n")


def test_the_output_for_programs_is_json(user: User) -> None:
    result = user.bootstrap("--output", "json")
    told = documents.read("bootstrap", result.stdout)
    assert told["commit"] == user.git("rev-parse", "HEAD").strip()
    assert told["clusters"][0]["registries"] == {"added": [KEY], "updated": [], "unchanged": []}
    assert {c["path"] for c in told["changes"]} >= {".sops.yaml", SECRET}


def test_several_clusters_get_it_in_one_commit_each_with_an_identity_of_its_own(user: User) -> None:
    sync = "kind: Kustomization\napiVersion: kustomize.toolkit.fluxcd.io/v1\nmetadata: {{name: flux-system, namespace: flux-system}}\nspec: {{path: ./{}, sourceRef: {{kind: GitRepository, name: flux-system}}}}\n"
    user.commit(
        {f"{p}/flux-system/gotk-sync.yaml": sync.format(p) for p in ("clusters/a", "clusters/b")}
    )
    result = user.run("bootstrap", "--all", *BOOTSTRAP[3:], env={"CREDS": "robot:both"})
    assert result.status == 0, result.stderr
    assert user.commits() == 2
    recipients = {
        line.split()[-1]
        for name in ("a", "b")
        for line in user.read(f"pull-secrets/{name}/regcred.sops.yaml").splitlines()
        if "recipient:" in line
    }
    assert len(recipients) == 2
    assert len(list(user.home.rglob("*.agekey"))) == 2


def test_a_linked_work_tree_serves_as_well(user: User, tmp_path: Path) -> None:
    user.commit({"a": "1"})
    linked = tmp_path / "linked"
    user.git("worktree", "add", "--quiet", "-b", "other", str(linked))
    assert user.run(*BOOTSTRAP, env={"CREDS": "robot:p"}, cwd=linked).status == 0
    assert user.git("ls-tree", "--name-only", "other", SECRET).strip() == SECRET
    assert user.git("ls-tree", "--name-only", "main", SECRET) == ""


def test_it_runs_in_a_folder_below_the_top(user: User) -> None:
    user.commit({"deep/down/a": "1"})
    below = user.repository / "deep" / "down"
    assert user.run(*BOOTSTRAP, env={"CREDS": "robot:p"}, cwd=below).status == 0
    assert user.credentials() == {KEY: "robot:p"}


def test_without_a_command_it_says_what_is_here_and_what_comes_next(user: User) -> None:
    result = user.run()
    assert result.status == 0
    assert "0 clusters of Flux" in result.stdout
    assert "gitops-secrets bootstrap --path clusters/prod" in result.stdout


def test_without_a_command_it_names_what_is_left_to_do_when_all_is_in_place(
    user: User, tmp_path: Path
) -> None:
    subprocess.run(["git", "init", "--quiet", "--bare", tmp_path / "origin"], check=True)
    user.git("remote", "add", "origin", str(tmp_path / "origin"))
    user.commit({"readme.md": "hello\n"})
    user.git("push", "--quiet", "--set-upstream", "origin", "main")
    assert user.bootstrap().status == 0
    ahead = user.run().stdout
    apply, guard, doctor = (
        "  gitops-secrets apply --path clusters/prod --context CONTEXT",
        "  gitops-secrets hooks install",
        "  gitops-secrets doctor",
    )
    assert ahead.endswith(f"next:\n{apply}\n{guard}\n  git push\n{doctor}\n"), ahead
    assert user.run("hooks", "install").status == 0
    user.git("push", "--quiet")
    assert user.run().stdout.endswith(f"next:\n{apply}\n{doctor}\n")


def test_importing_the_package_imports_nothing_else() -> None:
    program = "import sys, gitops_secrets; print(sorted(m for m in sys.modules if m in ('click', 'yaml', 'kubernetes')))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert done.stdout == b"[]\n"
