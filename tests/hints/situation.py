"""A situation in which a hint is printed, and how the hint is followed there.

The hint is typed into a shell as it is printed, in the folder where it is printed, with its placeholders filled
in. If it is an option, the command that failed is typed again with it. Then the command that failed is run once
more: it has to succeed, or to say something else, which is one step further.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from tests.hints.inventory import COMMAND, pattern
from tests.support.user import PROGRAM, Result, User

TYPED = {"CREDS": "robot:password", "VALUE": "another-value", "GIT_EDITOR": "sed -i 1iChange"}
"""What the user's shell has; git asks an editor for the message of a commit."""
U = TypeVar("U", bound=User)
_PRINTED = re.compile(r"^(?:gitops-secrets: |remote: )? *hint: (.*)$", re.MULTILINE)
_PLACEHOLDER = re.compile(r"(?<![\w$/.-])[A-Z]{4,}(?![\w/=])")
_OF_SHELLS = re.compile(r"\b(?:HEAD|EDITOR|VALUE|TMPDIR)\b")


@dataclass(frozen=True)
class Situation(Generic[U]):
    """One row of a table; *U* is a user who has what the tier of the table has."""

    name: str
    prepare: Callable[[U], object]
    """Makes the repository, and whatever else is there."""
    command: str
    """What the user types, and what fails."""
    hint: str
    """The hint as the inventory has it."""
    status: int = 2
    """How the command ends before the hint is followed."""
    fill: Mapping[str, str] = field(default_factory=dict)
    """What the user puts in place of the words in capitals."""
    adds: str = ""
    """What the user adds where the hint, as it stands, asks a question on a terminal: the source of a password."""
    by_hand: str = ""
    """The edit that a hint in words asks for, made by a command; without it the last command in the hint is run."""
    after: str = ""
    """What the user does after the hint, before the command is run again: for example a commit."""
    replaces: bool = False
    """The hint is the command that was meant. It is not followed by the one that failed."""
    shows: str = ""
    """The hint does not change anything: it prints this, from which the user sees what to do."""
    ends: int = 0
    """How the hint ends that shows something: kubectl says with its status what the answer is."""
    same_shell: bool = False
    """The hint changes the shell, so the command has to be typed into the same one."""
    then: int = 0
    """How the command ends afterwards."""
    says: str = ""
    """What is printed afterwards. Of a command that ends with another status than 0: the step further."""
    below: str = "."
    """The folder of the repository in which the user is."""
    reads: str = ""
    """What is on standard input."""
    env: Mapping[str, str] = field(default_factory=dict)


def follow(user: U, situation: Situation[U]) -> None:
    """Run the command, follow its hint, and run it again."""
    situation.prepare(user)
    failed = _type(user, situation, situation.command)
    assert failed.status == situation.status, failed.printed
    hint = _filled(_printed_hint(failed, situation.hint), situation) + situation.adds
    if situation.shows:
        shown = _type(user, situation, hint)
        assert shown.status == situation.ends, (hint, shown.printed)
        assert situation.shows in shown.printed, (hint, shown.printed)
        return
    if situation.replaces:
        again = _type(user, situation, _command_in(hint))
    elif situation.same_shell:
        again = _type(user, situation, f"{hint} && {situation.command}")
    else:
        command = situation.command
        typed = situation.by_hand or _command_in(hint)
        if typed.startswith("--"):
            command = _with_option(command, typed)
        else:
            _must_succeed(user, situation, typed)
        if situation.after:
            _must_succeed(user, situation, situation.after)
        again = _type(user, situation, command)
    assert again.status == situation.then, (hint, again.printed)
    assert situation.says in again.printed, again.printed
    wanted = pattern(situation.hint)
    left = [one for one in _PRINTED.findall(again.printed) if wanted.fullmatch(_from_top(one))]
    assert not left, again.printed


def _must_succeed(user: User, situation: Situation, line: str) -> None:
    done = _type(user, situation, line)
    assert done.status == 0, (line, done.printed)


def _type(user: User, situation: Situation, line: str) -> Result:
    """Have a shell run *line* where the user is."""
    env = {**TYPED, "PATH": f"{PROGRAM.parent}:{user.env['PATH']}", **situation.env}
    return user.program(
        ["bash", "-c", line],
        env=env,
        cwd=user.repository / situation.below,
        stdin=situation.reads.encode(),
    )


def _printed_hint(result: Result, text: str) -> str:
    """Return the printed hint that *text* is the pattern of."""
    printed = _PRINTED.findall(result.printed)
    wanted = pattern(text)
    for hint in printed:
        if wanted.fullmatch(_from_top(hint)):
            return str(hint)
    raise AssertionError((text, result.printed))


def _from_top(hint: str) -> str:
    """Return *hint* without the way to the top of the repository."""
    return re.sub(r"^cd \.\.(?:/\.\.)* && ", "", hint)


def _filled(hint: str, situation: Situation) -> str:
    for word, value in situation.fill.items():
        assert word in hint, (hint, word)
        hint = hint.replace(word, value)
    left = _PLACEHOLDER.findall(_OF_SHELLS.sub("", hint))
    assert not left or situation.by_hand, (hint, left)
    return hint


def _command_in(hint: str) -> str:
    """Return the command that *hint* is, or the last one that it names after a colon."""
    if COMMAND.match(hint):
        return hint
    last = hint.rpartition(": ")[2]
    assert COMMAND.match(last), hint
    return last


def _with_option(command: str, option: str) -> str:
    """Return *command* with *option*, in place of the same ones if it has them."""
    words = shlex.split(command)
    place = len(words)
    for name in (word for word in shlex.split(option) if word.startswith("--")):
        if name in words:
            place = words.index(name)
            del words[place : place + 2]
    return f"{shlex.join(words[:place])} {option} {shlex.join(words[place:])}"
