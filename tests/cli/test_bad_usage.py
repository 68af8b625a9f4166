"""A command line that cannot be meant is refused with the one that can, and changes nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from gitops_secrets.adapters.age import create_identity
from tests.support.refusal import CREDS, PASSWORD, mistyped_recipient, refused
from tests.support.terminal import Terminal
from tests.support.user import BOOTSTRAP, PROGRAM, User


def test_a_mistyped_recipient_is_refused(user: User) -> None:
    refused(user, "--age-recipient", mistyped_recipient(), says="is not an age recipient", status=2)


def test_an_identity_given_as_recipient_is_not_repeated(user: User) -> None:
    secret = create_identity().secret.decode()
    result = refused(user, "--age-recipient", secret, says="given an identity", status=2)
    assert secret not in result.printed


@pytest.mark.parametrize("name", ["Regcred", "reg_cred", "-regcred", "x" * 254, "reg/cred"])
def test_a_name_that_kubernetes_would_refuse(user: User, name: str) -> None:
    refused(user, "--image-pull-secret", name, says="Kubernetes takes no Secret named", status=2)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--registry", "r.io", "--registry-creds-env", "CREDS"), "--image-pull-secret is missing"),
        (("--image-pull-secret", "r", "--registry", "r.io"), "no credentials are given"),
        (
            ("--image-pull-secret", "r", "--registry", "r.io", "--registry-creds-env", "NONE"),
            "NONE is not set",
        ),
        (
            ("--image-pull-secret", "r", "--registry-creds-env", "CREDS", "--registry", "r.io"),
            "comes before the first --registry",
        ),
        (
            ("--image-pull-secret", "r", "--registry-creds-env", "CREDS"),
            "which registry?",
        ),
        (
            (
                *("--image-pull-secret", "r", "--registry", "a.io", "--registry-creds-env"),
                *("CREDS", "--registry", "b.io"),
            ),
            "no credentials are given for b.io",
        ),
        (
            (
                *("--image-pull-secret", "r", "--registry", "a.io", "--registry-creds-env"),
                *("CREDS", "--registry-creds-stdin"),
            ),
            "--registry-creds-stdin is a second credential source after --registry a.io",
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


@pytest.mark.parametrize("option", ["env", "file", "docker-config"])
def test_a_secret_behind_the_wrong_option_is_not_repeated(user: User, option: str) -> None:
    before = user.state()
    result = user.run(*BOOTSTRAP[:7], f"--registry-creds-{option}", CREDS)
    assert result.status == (2 if option == "env" else 3)
    assert PASSWORD not in result.printed
    assert "not shown" in result.stderr
    assert user.state() == before


def test_a_variable_that_is_no_text_is_refused(user: User) -> None:
    result = refused(user, says="are not UTF-8 text", creds="robot:\udcff", status=2)
    assert "\udcff" not in result.printed


@pytest.mark.parametrize("config", ["{", "[]", '{"credHelpers": ["x"]}', '{"auths": []}'])
def test_a_docker_config_that_is_none(user: User, tmp_path: Path, config: str) -> None:
    (tmp_path / "config.json").write_text(config)
    before = user.state()
    result = user.run(
        *BOOTSTRAP[:7], "--registry-creds-docker-config", str(tmp_path / "config.json")
    )
    assert (result.status, user.state()) == (3, before)
    assert f"error: {tmp_path}/config.json" in result.stderr


def test_a_terminal_is_not_read_as_standard_input(user: User) -> None:
    with Terminal(user, [PROGRAM, *BOOTSTRAP[:7], "--registry-creds-stdin"]) as terminal:
        assert terminal.end() == 2
        assert b"leave --registry-creds-stdin out" in terminal.shown


def test_who_leaves_at_the_question_changes_nothing(user: User) -> None:
    before = user.state()
    with Terminal(user, [PROGRAM, *BOOTSTRAP[:7]]) as terminal:
        terminal.wait_for("User name for registry.example.com")
        # A signal between Python's last look and its read waits for the next key.
        terminal.settle()
        terminal.type("\x03")
        assert terminal.end() == 130
        assert b"interrupted; nothing was changed" in terminal.shown
    assert user.state() == before


def test_a_home_that_the_shell_left_alone_is_found(user: User) -> None:
    (user.home / "creds").write_text(CREDS)
    flags = ("--registry-creds-file=~/creds", "--age-identity-file=~/prod.agekey")
    assert user.run(*BOOTSTRAP[:7], *flags).status == 0
    assert (user.home / "prod.agekey").is_file()


def test_a_stray_argument_is_not_repeated(user: User) -> None:
    result = user.bootstrap(PASSWORD)
    assert result.status == 2
    assert PASSWORD not in result.printed


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("", "--path is empty"),
        ("/srv/fleet/clusters/prod", "is an absolute path"),
        ("clusters/../../other", "leaves the repository"),
        ("clusters/o'brien", "holds quotes"),
        ("pull-secrets/prod", "is not a place for a cluster"),
    ],
)
def test_a_path_that_is_none_of_the_repositorys(user: User, path: str, says: str) -> None:
    result = refused(user, "--path", path, says=says, status=2)
    assert "--path clusters/prod" in result.stderr


def test_all_clusters_and_one_are_not_asked_for_at_once(user: User) -> None:
    refused(user, "--all", says="--path and --all exclude each other", status=2)


def test_a_mistyped_ssh_recipient_is_refused(user: User) -> None:
    refused(user, "--age-recipient", "ssh-ed25519 AAAA", says="is not an age recipient", status=2)


@pytest.mark.parametrize("there", [True, False])
def test_an_identity_file_that_is_none_is_not_passed_over(
    user: User, tmp_path: Path, there: bool
) -> None:
    user.bootstrap()
    file = tmp_path / "mistyped.agekey"
    if there:
        file.mkdir()
    says = "is not a file" if there else "is not there"
    refused(user, "--age-identity-file", str(file), says=f"{file} {says}")
