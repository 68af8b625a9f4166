"""On a terminal: colours, and what is under way. Neither changes what is printed elsewhere."""

from __future__ import annotations

import re
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gitops_secrets.report.colour import paint
from tests.cli.test_doctor import foreign
from tests.guard.corpus.case import Fresh
from tests.support.fleet import FILES
from tests.support.secrets import PATH, opaque, recipient, rule, word
from tests.support.terminal import Terminal
from tests.support.user import BOOTSTRAP, PROGRAM, User

COLOUR = re.compile(r"\x1b\[[0-9;]*m")
RED, GREEN, CYAN = "\x1b[1;31m", "\x1b[32m", "\x1b[36m"
CREDS = {"CREDS": "robot:password"}
UNDER_WAY = re.compile(r"gitops-secrets: [^\r\n]* \.\.\. ")


def shown(user: User, *arguments: str, **env: str) -> str:
    """What a terminal is sent by a command, its line breaks as the command wrote them."""
    with Terminal(user, [PROGRAM, *arguments], **env) as terminal:
        terminal.end(60)
        return terminal.shown.decode().replace("\r\n", "\n")


@pytest.fixture
def staged(user: User) -> User:
    """A user with a staged finding."""
    user.write({"a.yaml": Fresh().secret})
    user.git("add", "--all")
    return user


@pytest.mark.parametrize("way", [("scan",), ("scan", "--staged", "--only", "all")])
def test_findings_are_coloured(staged: User, way: tuple[str, ...]) -> None:
    printed = shown(staged, *way)
    assert f"{RED}error[plaintext-dockerconfigjson]:\x1b[0m" in printed
    assert f"    {CYAN}hint:\x1b[0m" in printed
    assert f"{RED}1 finding\x1b[0m" in printed


@pytest.mark.parametrize("way", [("scan",), ("scan", "--staged", "--only", "all")])
@pytest.mark.parametrize("env", [{"NO_COLOR": "1"}, {"CI": "true"}, {"TERM": "dumb"}], ids=str)
def test_they_are_not_if_that_is_not_wanted(
    staged: User, way: tuple[str, ...], env: dict[str, str]
) -> None:
    printed = shown(staged, *way, **env)
    assert "error[plaintext-dockerconfigjson]" in printed
    assert "\x1b" not in printed


def test_an_empty_no_color_asks_for_nothing(staged: User) -> None:
    assert RED in shown(staged, "scan", NO_COLOR="")


@pytest.mark.parametrize(
    "arguments",
    [
        ("scan",),
        ("scan", "--history"),
        ("scan", "--output", "json"),
        ("scan", "--output", "github"),
        ("doctor",),
        ("doctor", "--output", "json"),
        ("show", PATH),
        ("hooks", "status"),
        (),
    ],
    ids=" ".join,
)
def test_a_terminal_is_sent_what_a_pipe_is_but_for_colours(
    user: User, arguments: tuple[str, ...]
) -> None:
    user.commit({**FILES, ".sops.yaml": rule(recipient(user))})
    assert user.bootstrap().status == 0
    user.write({PATH: opaque(word())})
    assert user.run("encrypt", PATH).status == 0
    foreign(user)
    user.write({"a.yaml": Fresh().secret})
    user.git("add", "--all")
    piped = user.run(*arguments)
    assert "\x1b" not in piped.printed
    last = shown(user, *arguments).rpartition("\x1b[?25h")[2]
    assert COLOUR.sub("", last).lstrip("\n") == piped.stdout


def test_a_plan_is_coloured_as_a_diff(user: User) -> None:
    printed = shown(user, *BOOTSTRAP, "--dry-run", **CREDS)
    assert f"{GREEN}+kind: Secret\x1b[0m\n" in printed


def test_errors_and_hints_are_coloured(user: User) -> None:
    printed = shown(user, "show", "nowhere.yaml")
    assert printed.startswith(f"gitops-secrets: {RED}error:\x1b[0m ")


def test_what_a_name_holds_is_never_a_colour(user: User) -> None:
    user.write({"a\x1b[31mb.yaml": Fresh().secret})
    user.git("add", "--all")
    assert "a\\x1b[31mb.yaml" in shown(user, "scan")


@pytest.mark.parametrize(
    "line", ["", "clusters/prod: everything is in place", "  readers    age1", "plain"]
)
def test_other_lines_have_no_colour(line: str) -> None:
    assert paint(line) == line


def test_a_slow_step_is_shown_and_erased(user: User) -> None:
    user.commit({"a": "1"})
    user.hook("pre-commit", "while ! test -e go; do sleep 0.05; done")
    with Terminal(user, [PROGRAM, *BOOTSTRAP], **CREDS) as terminal:
        terminal.wait_for("gitops-secrets: committing, with the hooks of the repository ... ")
        user.write({"go": ""})
        assert terminal.end() == 0
        assert terminal.shown.startswith(b"\r\x1b[Kclusters/prod: "), terminal.shown


@pytest.mark.parametrize("env", [{"CI": "true"}, {"TERM": "dumb"}], ids=str)
def test_a_slow_step_is_not_shown_to_a_log(user: User, env: dict[str, str]) -> None:
    user.commit({"a": "1"})
    user.hook("pre-commit", "sleep 1.5")
    assert UNDER_WAY.search(shown(user, *BOOTSTRAP, **CREDS, **env)) is None


def test_nor_where_standard_error_is_no_terminal(user: User) -> None:
    user.commit({"a": "1"})
    user.hook("pre-commit", "sleep 1.5")
    result = user.bootstrap()
    assert (result.status, result.stderr) == (0, "")


def test_a_slow_push_is_shown(user: User) -> None:
    user.commit({"a": "1"})
    remote = user.home / "remote"
    user.git("init", "--quiet", "--bare", str(remote))
    user.git("remote", "add", "origin", str(remote))
    user.git("push", "--quiet", "--set-upstream", "origin", "main")
    hook = remote / "hooks" / "pre-receive"
    hook.write_text(f"#!/bin/sh\nwhile ! test -e {user.home}/go; do sleep 0.05; done\n")
    hook.chmod(0o755)
    with Terminal(user, [PROGRAM, *BOOTSTRAP, "--push"], **CREDS) as terminal:
        terminal.wait_for("gitops-secrets: pushing main ... ")
        (user.home / "go").touch()
        assert terminal.end() == 0


@pytest.fixture
def silent(tmp_path: Path) -> Iterator[Path]:
    """The kubeconfig of a cluster that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        path = tmp_path / "kubeconfig"
        path.write_text(
            "apiVersion: v1\nkind: Config\ncurrent-context: prod\n"
            "contexts: [{name: prod, context: {cluster: k, user: u}}]\n"
            f"clusters: [{{name: k, cluster: {{server: 'https://127.0.0.1:{server.getsockname()[1]}'}}}}]\n"
            "users: [{name: u, user: {token: hunter2hunter2}}]\n"
        )
        yield path


@pytest.mark.parametrize(
    ("arguments", "step"),
    [
        (("apply", "--yes"), "applying Namespace flux-system to prod"),
        (("doctor",), "reading the cluster of prod"),
    ],
    ids=["apply", "doctor"],
)
def test_waiting_for_a_cluster_is_shown_and_ended_by_a_signal(
    user: User, silent: Path, arguments: tuple[str, ...], step: str
) -> None:
    user.commit(FILES)
    assert user.bootstrap().status == 0
    flags = ("--path", "clusters/prod", "--context", "prod", "--kubeconfig", str(silent))
    with Terminal(user, [PROGRAM, *arguments, *flags]) as terminal:
        terminal.wait_for(f"gitops-secrets: {step} ... ")
        terminal.type("\x03")
        assert terminal.end() == 130
        said = COLOUR.sub("", terminal.shown.decode())
        assert said.rpartition("\r\x1b[K")[2].startswith("\r\ngitops-secrets: error: interrupted")


def test_a_hook_that_finds_nothing_loads_nothing_for_terminals(user: User) -> None:
    user.write({"a.yaml": "kind: ConfigMap\n"})
    user.git("add", "--all")
    argv = [sys.executable, "-X", "importtime", "-m", "gitops_secrets.fast", "scan"]
    with Terminal(user, argv) as terminal:
        assert terminal.end() == 0
        loaded = set(re.findall(r"\| +([\w.]+)", terminal.shown.decode()))
    assert "gitops_secrets.commands.scan.quick" in loaded
    heavy = {"click", "yaml", "rich", "json", "threading", "gitops_secrets.report"}
    assert not loaded & heavy


def test_a_person_is_asked_while_nothing_else_is_shown(user: User) -> None:
    with Terminal(user, [PROGRAM, *BOOTSTRAP[:7]]) as terminal:
        terminal.wait_for("User name for registry.example.com")
        terminal.settle(1.5)
        assert UNDER_WAY.search(terminal.shown.decode()) is None
        terminal.type("robot\r")
        terminal.wait_for("Password for robot")
        terminal.type("password\r")
        assert terminal.end() == 0


def test_the_bar_of_a_history_is_for_terminals_alone(user: User) -> None:
    user.commit({"a": "1"})
    assert "reading history" in shown(user, "scan", "--history")
    assert "reading history" not in shown(user, "scan", "--history", CI="true")
    assert user.run("scan", "--history").stderr == ""
