"""The command line explains itself: help, completion, and nothing that only looks like either."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gitops_secrets.cli.commands import in_order
from gitops_secrets.cli.commands.bootstrap import bootstrap_command
from tests.support.user import User

COMMANDS = in_order()
README = Path(__file__).parents[2] / "README.md"


def test_each_command_is_listed_in_one_whole_sentence(user: User) -> None:
    listed = user.run("--help").stdout.partition("Commands:\n")[2].splitlines()
    assert [line.split()[0] for line in listed] == COMMANDS
    assert all(line.endswith(".") and not line.endswith("...") for line in listed)


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_an_example_or_words_and_no_stray_mark(user: User, command: str) -> None:
    result = user.run(command, "--help")
    assert result.status == 0, result.printed
    assert "\\b" not in result.stdout
    assert len(result.stdout.partition("Options:")[0].splitlines()) > 3


def test_each_command_is_in_the_readme_or_a_page_that_it_names() -> None:
    text = README.read_text()
    pages = "".join(p.read_text() for p in (README.parent / "docs").glob("*.md") if p.name in text)
    for command in COMMANDS:
        assert f"gitops-secrets {command}" in text + pages


def test_the_many_options_of_bootstrap_are_in_sections(user: User) -> None:
    text = user.run("bootstrap", "--help").stdout
    sections = re.split(r"(?m)^(\S.*):$", text)[1:]
    options = {
        name: re.findall(r"(?m)^  (?:-\w, )?(--[\w-]+)", part)
        for name, part in zip(sections[::2], sections[1::2], strict=True)
    }
    assert list(options) == [
        *("Registries and credentials", "Flux", "Encryption", "Commit and output")
    ]
    assert options["Encryption"] == [
        "--age-recipient",
        "--age-identity-file",
        "--shadowed-recipients",
    ]
    assert options["Commit and output"][:2] == ["--no-commit", "--push"]
    listed = [option for part in options.values() for option in part]
    declared = {option for p in bootstrap_command.params for option in p.opts if option[:2] == "--"}
    assert sorted(listed) == sorted({*declared, "--help"})


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shells_can_complete(user: User, shell: str) -> None:
    variable = "_GITOPS_SECRETS_COMPLETE"
    assert variable in user.run(env={variable: f"{shell}_source"}).stdout
    words = {"COMP_WORDS": "gitops-secrets boot", "COMP_CWORD": "1"}
    if shell == "fish":
        words["COMP_CWORD"] = "boot"
    assert "bootstrap" in user.run(env={variable: f"{shell}_complete", **words}).stdout


@pytest.mark.parametrize("group", ["hooks", "registry"])
def test_a_group_without_a_command_says_what_is_missing(user: User, group: str) -> None:
    result = user.run(group)
    assert (result.status, result.stdout) == (2, "")
    assert result.stderr == (
        f"gitops-secrets: error: missing command\ngitops-secrets: hint: gitops-secrets {group} --help\n"
    )


@pytest.mark.parametrize("command", ["scan", "doctor", "hooks status", "registry check"])
def test_help_says_which_exit_status_means_what(user: User, command: str) -> None:
    assert "Exit status" in user.run(*command.split(), "--help").stdout


def test_what_a_name_holds_steers_no_terminal(user: User) -> None:
    name = "a\x1b[2J\nb.yaml"
    user.write({name: "kind: ConfigMap\n"})
    assert user.run("show", name).stdout.startswith("a\\x1b[2J\\nb.yaml\n")
    result = user.run("encrypt", name)
    assert (result.status, "a\\x1b[2J b.yaml" in result.stderr) == (3, True), result.stderr
    assert "\x1b" not in result.printed
