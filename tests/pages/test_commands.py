"""Each command of README.md and docs/ works in a repository that bootstrap made, in the order of its page."""

from __future__ import annotations

import ast
import re
import shlex
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.pages.commands import ROOT, Command, commands_of, every_command
from tests.pages.elsewhere import ELSEWHERE
from tests.pages.not_run import NOT_RUN
from tests.pages.repositories import SECRETS
from tests.pages.sessions import SESSIONS, Step
from tests.pages.stand_ins import put_in
from tests.support.terminal import Terminal
from tests.support.user import PROGRAM, Result, User

LISTED = {named for table in (NOT_RUN, ELSEWHERE) for texts in table.values() for named in texts}
_OF_CI = {
    "GITHUB_BASE_REF": "main",
    "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main",
    "CI_COMMIT_BRANCH": "main",
}
_NO_NETWORK = {"HTTPS_PROXY": "http://127.0.0.1:1", "HTTP_PROXY": "http://127.0.0.1:1"}
"""No registry of the pages is asked: nobody listens there."""


class Shell:
    """The shell of a reader: what is exported stays, and the commands are real but for the stand-ins."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._number = 0
        folder.mkdir()
        put_in(folder / "bin")
        self._exported = folder / "exported"
        self._exported.touch()
        self.user = User(folder / "0")

    def begin(self) -> None:
        """Go on with another HOME and another repository."""
        self._number += 1
        self._exported.write_text("")
        self.user = User(self._folder / str(self._number))

    def type(self, step: Step) -> Result:
        """Type the command of *step*, and answer what it asks on a terminal."""
        text = step.text
        for word, value in step.instead.items():
            assert word in text, (word, text)
            text = text.replace(word, value)
        also = "".join(f"export {k}={shlex.quote(v)}\n" for k, v in step.env.items())
        line = f'. "{self._exported}"\n{also}{text}\nstatus=$?\nexport -p >"{self._exported}"\nexit $status'
        own = f"{self._folder / 'bin'}:{PROGRAM.parent}:{self.user.env['PATH']}"
        env = {**SECRETS, **_OF_CI, **_NO_NETWORK, "PATH": own, "GIT_EDITOR": "true"}
        argv = ["bash", "-c", line]
        if not (step.types or step.at_a_terminal):
            return self.user.program(argv, env=env, stdin=step.reads.encode())
        with Terminal(self.user, argv, **env) as terminal:
            for question, answer in step.types:
                terminal.wait_for(question)
                terminal.type(f"{answer}\r")
            status = terminal.end(60)
            return Result(status, terminal.transcript.decode().replace("\r\n", "\n"), "")


def steps_of(page: str) -> Iterator[tuple[Command, Step]]:
    """Yield the commands of *page* that are typed, each with its step."""
    ours = list(SESSIONS[page].steps)
    for command in commands_of(page):
        if (page, command.text) not in LISTED:
            known = bool(ours) and ours[0].text == command.text
            yield command, ours.pop(0) if known else Step(command.text)
    assert ours == [], "these steps are no commands of the page, or in another order"


@pytest.mark.parametrize("page", SESSIONS)
def test_the_commands_of_a_page_work_one_after_the_other(tmp_path: Path, page: str) -> None:
    shell = Shell(tmp_path / "reader")
    SESSIONS[page].prepare(shell.user)
    for command, step in steps_of(page):
        if step.begins is not None:
            shell.begin()
            step.begins(shell.user)
        if step.before is not None:
            step.before(shell.user)
        result = shell.type(step)
        place = f"{page}:{command.line}: {command.text}"
        assert result.status == step.status, (place, result.printed)
        assert step.says in result.printed, (place, result.printed)


def test_each_command_is_run_or_says_why_not() -> None:
    shown = every_command()
    assert len(shown) > 60
    lacking = [c for c in shown if c.page not in SESSIONS and (c.page, c.text) not in LISTED]
    assert lacking == [], "make a session of the page, or name it in elsewhere.py or not_run.py"


def test_what_is_listed_stands_in_its_page() -> None:
    shown = {(command.page, command.text) for command in every_command()}
    assert sorted(LISTED - shown) == []
    both = [n for table in (NOT_RUN, ELSEWHERE) for texts in table.values() for n in texts]
    assert [n for n, times in Counter(both).items() if times > 1] == []


@pytest.mark.parametrize("file", ELSEWHERE)
def test_a_command_that_is_run_elsewhere_stands_in_that_test(file: str) -> None:
    nodes = ast.walk(ast.parse((ROOT / file).read_text()))
    typed = {node.value for node in nodes if isinstance(node, ast.Constant)}
    assert [command for _, command in ELSEWHERE[file] if command not in typed] == []


def test_that_another_tier_has_it_is_no_reason() -> None:
    """elsewhere.py names the test of the other tier, and that is held."""
    assert [reason for reason in NOT_RUN if re.search(r"\b(?:e2e|system)\b", reason)] == []
