"""What people and programs expect of any command line: short options, suggestions, documents of errors."""

from __future__ import annotations

import json

import pytest

from tests.field import gotk
from tests.support.documents import read
from tests.support.secrets import opaque, word
from tests.support.user import BOOTSTRAP, User

KUBECONFIG = "contexts: [{name: prod-eu, context: {}}, {name: prod-us, context: {}}, {name: dev}]\n"


@pytest.mark.parametrize("flags", [("--json",), ("-o", "json"), ("--output=json",), ("-ojson",)])
def test_a_document_is_asked_for_in_every_usual_way(user: User, flags: tuple[str, ...]) -> None:
    user.commit(gotk.LAYOUTS["one cluster"].files)
    assert json.loads(user.run("doctor", *flags).stdout)["schema"] == "gitops-secrets/doctor"


@pytest.mark.parametrize("flags", [("--json",), ("-o", "json"), ("--output=json",), ("-ojson",)])
def test_an_error_is_a_document_too(user: User, flags: tuple[str, ...]) -> None:
    result = user.run("show", "nothing.yaml", *flags)
    assert result.status == 3
    document = read("error", result.stdout)
    assert document["exit_status"] == 3
    assert document["message"] == "nothing.yaml is not there"
    assert "gitops-secrets: error: nothing.yaml is not there\n" in result.stderr


def test_a_usage_error_is_one_as_well(user: User) -> None:
    result = user.run("encrypt", "--no-such-option", "--json")
    document = read("error", result.stdout)
    assert (result.status, document["exit_status"]) == (2, 2)
    assert document["hints"] == ["gitops-secrets encrypt --help"]


def test_without_one_asked_for_an_error_prints_nothing_to_standard_output(user: User) -> None:
    assert user.run("show", "nothing.yaml").stdout == ""


def test_a_document_of_an_error_holds_no_secret(user: User) -> None:
    secret = word()
    result = user.run("show", f"robot:{secret}", "--json")
    assert result.status in (2, 3)
    assert secret not in result.printed


def test_quiet_prints_no_result_and_every_error(user: User) -> None:
    user.commit(gotk.LAYOUTS["one cluster"].files)
    done = user.bootstrap("-q")
    assert (done.status, done.printed) == (0, "")
    assert user.commits() == 2
    refused = user.run("encrypt", "nothing.yaml", "--quiet")
    assert refused.status == 3
    assert "error: " in refused.stderr


def test_version_has_a_short_form(user: User) -> None:
    assert user.run("-V").stdout == user.run("--version").stdout != ""


def test_help_of_a_command_is_its_help(user: User) -> None:
    for words in (["bootstrap"], ["hooks", "install"], []):
        assert user.run("help", *words).stdout == user.run(*words, "--help").stdout
    assert user.run("help", "nothing").status == 2


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("bootstrp", "bootstrap"),
        ("encypt", "encrypt"),
        ("docter", "doctor"),
        ("scna", "scan"),
        ("decrypt", "show FILE --reveal"),
        ("rotate", "registry rotate --help"),
    ],
)
def test_a_mistyped_command_is_suggested(user: User, typed: str, meant: str) -> None:
    result = user.run(typed)
    assert result.status == 2
    assert f"hint: gitops-secrets {meant}\n" in result.stderr


def test_the_paths_of_clusters_and_the_names_of_contexts_are_completed(user: User) -> None:
    user.commit(gotk.LAYOUTS["several clusters"].files)
    (user.home / ".kube").mkdir()
    (user.home / ".kube" / "config").write_text(KUBECONFIG)

    def complete(*words: str) -> list[str]:
        printed = user.run("__complete", *words).stdout
        return [line for line in printed.splitlines() if not line.startswith(":")]

    assert complete("doctor", "--path", "clusters/s") == ["clusters/staging"]
    assert complete("bootstrap", "--path", "") == ["clusters/production", "clusters/staging"]
    assert complete("apply", "--context", "prod") == ["prod-eu", "prod-us"]


def test_completion_outside_a_repository_offers_nothing(user: User) -> None:
    result = user.run("__complete", "doctor", "--path", "", cwd=user.temporary)
    assert (result.status, result.stdout) == (0, ":4\n")


def message(user: User) -> str:
    return user.git("log", "-1", "--format=%B").strip()


def test_the_commit_has_the_message_that_the_repository_asks_for(user: User) -> None:
    user.commit(gotk.LAYOUTS["one cluster"].files)
    user.hook("commit-msg", 'grep -q "^chore(flux): " "$1" && grep -q "^Ticket: OPS-12$" "$1"')
    refused = user.bootstrap()
    assert refused.status == 3

    done = user.bootstrap("--message-prefix", "chore(flux): ", "--trailer", "Ticket=OPS-12")

    assert done.status == 0, done.printed
    first, *_, last = message(user).splitlines()
    assert first == "chore(flux): Give Flux the pull Secret regcred in clusters/prod"
    assert last == "Ticket: OPS-12"
    own = user.run(
        "attach", "team-a", "-m", "chore(flux): Let team-a pull", "--trailer", "Ticket=OPS-12"
    )
    assert own.status == 0, own.printed
    assert message(user) == "chore(flux): Let team-a pull\n\nTicket: OPS-12"


STYLE = "version: 1\ncommit: {message-prefix: 'chore(flux): ', trailers: {Ticket: OPS-12, Team: platform}}\n"


def test_every_command_that_commits_has_its_messages_as_the_repository_does(user: User) -> None:
    user.commit({".gitops-secrets.yaml": STYLE})
    recipient = "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj"
    registry = ("--registry", "registry.example.com", "--registry-creds-env", "CREDS")
    commands = (
        BOOTSTRAP,
        ("attach", "team-a"),
        ("registry", "update", *registry, "--check", "never"),
        ("key", "add", recipient),
        ("registry", "rotate", *registry, "--check", "never"),
    )
    for number, arguments in enumerate(commands):
        done = user.run(*arguments, env={"CREDS": f"robot:password-{number}"})
        assert done.status == 0, done.printed
        assert message(user).startswith("chore(flux): "), arguments
        assert message(user).endswith("\n\nTicket: OPS-12\nTeam: platform"), arguments
    assert user.commits() == 1 + len(commands)


def test_what_the_user_says_of_the_message_counts_more_than_the_repository(user: User) -> None:
    user.commit({".gitops-secrets.yaml": STYLE})
    flags = ("--message-prefix", "fix: ", "--trailer", "ticket=OPS-13", "--message", "Pull again")
    assert user.bootstrap(*flags).status == 0
    assert message(user) == "fix: Pull again\n\nticket: OPS-13\nTeam: platform"


def test_settings_that_cannot_be_read_stop_the_commit_before_anything_is_written(
    user: User,
) -> None:
    user.commit({".gitops-secrets.yaml": "version: 1\ncommit: {prefix: x}\n"})
    before = user.state()
    result = user.bootstrap()
    assert (result.status, user.state()) == (3, before)
    assert ".gitops-secrets.yaml:2:10: unknown key 'prefix'" in result.stderr


def test_a_trailer_without_a_value_is_refused(user: User) -> None:
    user.commit(gotk.LAYOUTS["one cluster"].files)
    for trailer in ("Ticket", "=OPS", "Two words=x", "Ticket="):
        result = user.bootstrap("--trailer", trailer)
        assert (result.status, user.commits()) == (2, 1)


@pytest.mark.parametrize("flag", ["--message", "--message-prefix", "--trailer"])
def test_the_password_that_is_encrypted_does_not_go_into_the_message(user: User, flag: str) -> None:
    user.commit(gotk.LAYOUTS["one cluster"].files)
    password, before = word(), user.state()
    value = f"Note=now with {password}" if flag == "--trailer" else f"now with {password}"
    result = user.bootstrap(flag, value, creds=f"robot:{password}")
    assert (result.status, user.state()) == (3, before), result.printed
    assert "the commit message holds a password of this run" in result.stderr
    assert password not in result.printed


def test_a_readable_secret_in_the_message_is_refused_by_the_guard(user: User) -> None:
    user.commit(gotk.LAYOUTS["one cluster"].files)
    assert user.run("hooks", "install").status == 0
    secret = opaque(word())
    before = user.state()
    result = user.bootstrap("-m", f"docker login -u robot -p {word()} registry.example.com")
    assert (result.status, user.state()) == (3, before), result.printed
    assert secret not in result.printed


def test_the_bare_command_outside_a_work_tree_says_so_and_nothing_else(user: User) -> None:
    result = user.run(cwd=user.temporary)
    assert (result.status, result.stdout) == (3, ""), result.printed
    assert "Traceback" not in result.stderr
    assert result.stderr.startswith("gitops-secrets: error: ")


@pytest.mark.parametrize("command", [("registry", "list"), ("key", "list"), ("registry", "check")])
def test_a_path_in_a_repository_without_a_cluster_is_no_cluster(
    user: User, command: tuple[str, ...]
) -> None:
    result = user.run(*command, "--path", "clusters/prod")
    assert result.status == 2, result.printed
    assert "no cluster is in this repository yet" in result.stderr
    assert "hint: gitops-secrets bootstrap --path clusters/prod" in result.stderr
