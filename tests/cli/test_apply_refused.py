"""apply without a cluster that it may write to: nothing is asked of any, and the way on is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from gitops_secrets.adapters.age import create_identity
from gitops_secrets.adapters.sops.program import encrypting
from gitops_secrets.commands.secrets.ruling import ruling_by_recipients
from tests.support.secrets import encoded
from tests.support.terminal import Terminal
from tests.support.user import PROGRAM, Result, User

CONFIG = """apiVersion: v1
kind: Config
current-context: prod
contexts: [{{name: prod, context: {{cluster: k, user: u}}}}, {{name: test, context: {{cluster: k, user: u}}}}]
clusters: [{{name: k, cluster: {{server: {server}}}}}]
users: [{{name: u, user: {{token: hunter2hunter2}}}}]
"""
NOWHERE = "https://127.0.0.1:1"


@pytest.fixture
def bootstrapped(user: User) -> User:
    assert user.bootstrap().status == 0
    return user


@pytest.fixture
def kubeconfig(tmp_path: Path) -> Path:
    path = tmp_path / "kubeconfig"
    path.write_text(CONFIG.format(server=NOWHERE))
    return path


def refused(user: User, *flags: str, says: str, status: int = 3, **env: str) -> Result:
    result = user.run("apply", "--path", "clusters/prod", *flags, env=env)
    assert says in result.stderr, result.stderr
    assert result.status == status
    assert "hunter2" not in result.printed
    return result


@pytest.mark.parametrize("flags", [(), ("--yes",), ("--context", "prod")])
def test_without_a_terminal_context_and_yes_are_both_required(
    bootstrapped: User, flags: tuple[str, ...]
) -> None:
    says = "without a terminal, --context and --yes are required"
    refused(bootstrapped, *flags, says=says, status=2)


def test_what_only_a_person_can_open_is_not_brought_to_the_cluster(bootstrapped: User) -> None:
    """The cluster could not decrypt it: that is seen here, and not when Flux reconciles."""
    path = "pull-secrets/prod/regcred.sops.yaml"
    plain = bootstrapped.run("show", "--reveal", path).stdout
    person = create_identity()
    keys = bootstrapped.home / ".config/sops/age/keys.txt"
    keys.write_bytes(person.secret + b"\n")
    with encrypting(ruling_by_recipients([person.recipient]).config, path, []) as encrypt:
        bootstrapped.commit({path: encrypt(plain.encode())[0].decode()})
    assert bootstrapped.run("show", "--reveal", path).status == 0
    refused(bootstrapped, "--dry-run", says=f"no identity at hand opens {path}")


def test_a_repository_without_a_commit_is_to_be_bootstrapped(user: User) -> None:
    refused(user, "--dry-run", says="has no commit yet")


def test_a_cluster_that_was_not_bootstrapped_is_named(user: User) -> None:
    user.commit({"a": "1"})
    refused(user, "--dry-run", says="clusters/prod/pull-secrets.yaml is not in the last commit")


def test_without_the_clusters_identity_nothing_is_asked(bootstrapped: User) -> None:
    next(bootstrapped.home.rglob("*.agekey")).unlink()
    refused(bootstrapped, "--dry-run", says="the identity of clusters/prod is not at hand")


def test_an_identity_file_that_is_not_there_is_named(bootstrapped: User) -> None:
    says = "identity file no.agekey is not there"
    refused(bootstrapped, "--dry-run", "--age-identity-file", "no.agekey", says=says)


def test_one_cluster_and_all_exclude_each_other(bootstrapped: User) -> None:
    refused(bootstrapped, "--dry-run", "--all", says="--path and --all exclude", status=2)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "cannot be used: it is not there"),
        ("{", "cannot be used: it is not valid YAML"),
        ("a: b\n", "cannot be used: it names no context"),
        ("contexts: [{name: prod}]\n", "cannot be used for the context prod"),
    ],
)
def test_a_kubeconfig_that_is_none(
    bootstrapped: User, tmp_path: Path, content: str | None, says: str
) -> None:
    path = tmp_path / "broken"
    if content is not None:
        path.write_text(content)
    flags = ("--dry-run", "--context", "prod", "--kubeconfig", str(path))
    result = refused(bootstrapped, *flags, says=says)
    assert str(path) in result.stderr


def test_without_any_kubeconfig_it_says_where_it_looked(bootstrapped: User) -> None:
    says = f"the kubeconfig {bootstrapped.home}/.kube/config cannot be used"
    refused(bootstrapped, "--dry-run", says=says)


def test_a_context_that_is_not_there_is_refused_with_those_that_are(
    bootstrapped: User, kubeconfig: Path
) -> None:
    flags = ("--dry-run", "--context", "other", "--kubeconfig", str(kubeconfig))
    result = refused(bootstrapped, *flags, says="has no context other", status=2)
    assert "--context prod or test" in result.stderr


def test_a_kubeconfig_without_a_current_context_serves_who_names_one(
    bootstrapped: User, kubeconfig: Path
) -> None:
    kubeconfig.write_text(kubeconfig.read_text().replace("current-context: prod\n", ""))
    file = ("--dry-run", "--kubeconfig", str(kubeconfig))
    refused(bootstrapped, *file, says="the kubeconfig has no current context", status=2)
    refused(bootstrapped, *file, "--context", "test", says="context test does not answer")


def test_the_variable_names_several_files(
    bootstrapped: User, kubeconfig: Path, tmp_path: Path
) -> None:
    first = tmp_path / "first"
    first.write_text("current-context: test\n")
    variable = f"{first}:{tmp_path}/none:{kubeconfig}"
    refused(bootstrapped, "--dry-run", says="context test does not answer", KUBECONFIG=variable)


def test_a_cluster_that_does_not_answer_is_named_with_what_to_try(
    bootstrapped: User, kubeconfig: Path
) -> None:
    flags = ("--yes", "--context", "prod", "--kubeconfig", str(kubeconfig))
    result = refused(bootstrapped, *flags, says=f"context prod does not answer at {NOWHERE}")
    assert f"hint: kubectl --kubeconfig {kubeconfig} --context prod version" in result.stderr


def test_a_login_that_fails_is_told_in_our_words_alone(
    bootstrapped: User, kubeconfig: Path
) -> None:
    login = "exec: {apiVersion: client.authentication.k8s.io/v1, command: none-such, interactiveMode: Never}"
    kubeconfig.write_text(kubeconfig.read_text().replace("token: hunter2hunter2", login))
    flags = ("--yes", "--context", "prod", "--kubeconfig", str(kubeconfig))
    says = "the login plugin none-such of context prod gave neither a token nor a certificate"
    result = refused(bootstrapped, *flags, says=says)
    assert all(line.startswith("gitops-secrets: ") for line in result.stderr.splitlines())


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ("server: http://127.0.0.1:1", "context prod reaches http://127.0.0.1:1 without TLS"),
        (
            f"server: {NOWHERE}, insecure-skip-tls-verify: true",
            f"context prod does not check the certificate of {NOWHERE}",
        ),
    ],
)
def test_a_connection_that_others_could_read_is_refused(
    bootstrapped: User, kubeconfig: Path, settings: str, says: str
) -> None:
    kubeconfig.write_text(kubeconfig.read_text().replace(f"server: {NOWHERE}", settings))
    flags = ("--dry-run", "--context", "prod", "--kubeconfig", str(kubeconfig))
    refused(bootstrapped, *flags, says=says)


def test_keys_in_the_kubeconfig_are_left_in_no_file(bootstrapped: User, kubeconfig: Path) -> None:
    login = f"client-certificate-data: {encoded('one')}, client-key-data: {encoded('two')}"
    kubeconfig.write_text(kubeconfig.read_text().replace("token: hunter2hunter2", login))
    flags = ("--yes", "--context", "prod", "--kubeconfig", str(kubeconfig))
    refused(bootstrapped, *flags, says="context prod")
    assert list(bootstrapped.temporary.iterdir()) == []


@pytest.mark.parametrize(("typed", "says"), [("test\n", "not confirmed"), ("prod\n", "not answer")])
def test_a_terminal_confirms_the_cluster_by_its_name(
    bootstrapped: User, kubeconfig: Path, typed: str, says: str
) -> None:
    """Only once the name is typed is anything asked of the cluster, which does not answer here."""
    arguments = ("apply", "--path", "clusters/prod", "--kubeconfig", str(kubeconfig))
    with Terminal(bootstrapped, [PROGRAM, *arguments]) as terminal:
        terminal.wait_for(f"context prod, {NOWHERE}")
        terminal.type(typed)
        assert terminal.end() == 3
        assert says in terminal.shown.decode()
