"""flux-secrets, as Flux runs it for ``flux secrets``: the same program, completed by Cobra's protocol."""

from __future__ import annotations

from pathlib import Path

import pytest

from gitops_secrets.cli.commands import in_order
from tests.support.user import PROGRAM, User

PLUGIN = PROGRAM.with_name("flux-secrets")
OF_THE_CATALOG = Path(__file__).parents[2] / "docs/flux-plugin/flux-secrets"


def completed(user: User, *words: str) -> tuple[dict[str, str], str]:
    """What Flux reads: the completions with their help, and the number of the last line."""
    done = user.program([PLUGIN, "__complete", *words])
    assert (done.status, done.stderr) == (0, "")
    *lines, directive = done.stdout.splitlines()
    assert directive[0] == ":"
    return {line.partition("\t")[0]: line.partition("\t")[2] for line in lines}, directive[1:]


def test_it_is_the_same_program(user: User) -> None:
    for arguments in ["--help"], ["doctor"], ["scan", "--nonsense"]:
        ours, theirs = user.run(*arguments), user.program([PLUGIN, *arguments])
        assert (ours.status, ours.stdout, ours.stderr) == (
            theirs.status,
            theirs.stdout,
            theirs.stderr,
        )


def test_it_runs_through_a_symlink_in_the_folder_of_plugins(user: User) -> None:
    folder = user.home / ".fluxcd/plugins"
    folder.mkdir(parents=True)
    (folder / "flux-secrets").symlink_to(PLUGIN)
    assert user.program([folder / "flux-secrets", "--version"]).stdout.startswith("gitops-secrets")


def test_the_commands_are_completed_with_their_help(user: User) -> None:
    found, directive = completed(user, "")
    assert list(found) == in_order()
    assert all(found.values())
    assert directive == "4"
    assert list(completed(user, "d")[0]) == ["doctor"]
    assert "__complete" not in user.run("--help").stdout


@pytest.mark.parametrize(
    ("words", "expected", "directive"),
    [
        (("bootstrap", "--registry-creds-s"), {"--registry-creds-stdin"}, "4"),
        (("bootstrap", "--layout", "in"), {"inline"}, "4"),
        (("hooks", "st"), {"status"}, "4"),
        (("encrypt", ""), set(), "0"),
        (("encrypt", "--to", "x"), set(), "0"),
        ((), set(in_order()), "4"),
    ],
)
def test_options_and_values_are_completed(
    user: User, words: tuple[str, ...], expected: set[str], directive: str
) -> None:
    assert (set(completed(user, *words)[0]), directive) == (expected, completed(user, *words)[1])


def test_help_is_a_word_like_any_other(user: User) -> None:
    assert "Usage" not in user.program([PLUGIN, "__complete", "scan", "--help", ""]).printed


def test_what_is_typed_is_never_repeated(user: User) -> None:
    words = ("bootstrap", "--registry-creds", "robot:q7KmadeUp4Value9", "")
    done = user.program([PLUGIN, "__complete", *words])
    assert "q7KmadeUp4Value9" not in done.printed


def test_the_one_of_the_catalog_starts_the_program_that_is_on_path(user: User) -> None:
    path = {"PATH": f"{PROGRAM.parent}:{user.env['PATH']}"}
    ours, started = (
        user.program([program, "scan", "--nonsense"], env=path)
        for program in (PROGRAM, OF_THE_CATALOG)
    )
    assert ours.status == 2
    assert started == ours


def test_the_one_of_the_catalog_says_what_to_install_if_it_is_not_there(user: User) -> None:
    done = user.program([OF_THE_CATALOG, "doctor"], env={"PATH": "/usr/bin:/bin"})
    assert (done.status, done.stdout) == (3, "")
    assert done.stderr.startswith("flux-secrets: error: gitops-secrets is not on PATH\n")
    assert "hint: pipx install 'gitops-secrets[all]'\n" in done.stderr
