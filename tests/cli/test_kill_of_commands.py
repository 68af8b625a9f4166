"""Killed at any instant, encrypt, edit and show leave the old file or the new one, and nothing else."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml

from tests.support.fleet import FILES
from tests.support.kill import end_everywhere
from tests.support.leaks import Watch
from tests.support.secrets import PATH, opaque, opened, recipient, rule, word
from tests.support.stories import bootstrap_story
from tests.support.user import PROGRAM, User

POINTS = 12
EDITOR = """#!/bin/sh
# A fake editor: the real ones are in the system tests, and cannot be made to write at a known time.
sleep 0.05; cp "$NEW" "$1"; sleep 0.05
"""


class Command(NamedTuple):
    """What is killed, and what stands in the file before it begins."""

    arguments: tuple[str, ...]
    stdin: bytes = b""
    readable: bool = False
    """Whether the file is readable to begin with: the user put it there himself."""


def commands(old: str, new: str) -> dict[str, Command]:
    return {
        "encrypt in place": Command(("encrypt", PATH), readable=True),
        "encrypt in its place": Command(("encrypt", "-", "--to", PATH), opaque(new).encode()),
        "edit": Command(("edit", PATH)),
        "edit --key": Command(("edit", PATH, "--key", "stringData.a"), new.encode()),
        "show": Command(("show", PATH)),
    }


@pytest.mark.parametrize("name", commands("", ""))
def test_the_file_is_the_old_one_or_the_new_one(tmp_path: Path, name: str) -> None:
    old, new = word(), word()
    command = commands(old, new)[name]
    user = User(tmp_path)
    user.commit({".sops.yaml": rule(recipient(user)), "apps/README.md": "apps\n"})
    editor, text = tmp_path / "editor", tmp_path / "new.yaml"
    editor.write_text(EDITOR)
    editor.chmod(0o755)
    text.write_text(opaque(new))
    user.env |= {"EDITOR": str(editor), "NEW": str(text), "TERM": "dumb"}

    def prepare() -> str:
        (user.repository / PATH).unlink(missing_ok=True)
        if command.readable:
            user.write({PATH: opaque(old)})
        else:
            user.run("encrypt", "-", "--to", PATH, stdin=opaque(old).encode())
        return user.read(PATH)

    before = prepare()
    began = time.monotonic()
    _start(user, command, lambda run: run.wait())
    whole = (time.monotonic() - began) * 1.1
    kept = sorted(str(p) for p in user.repository.rglob("*") if ".git" not in p.parts)
    seen = set()
    for number in range(POINTS):
        before = prepare()
        with Watch(user, old, new) as watch:
            _start(user, command, lambda run, n=number: _kill(run, whole * n / POINTS))
            time.sleep(0.15)
        left = sorted(str(p) for p in user.repository.rglob("*") if ".git" not in p.parts)
        assert left == kept
        if user.read(PATH) == before:
            seen.add("old")
            allowed = {f"fleet/{PATH}"} if command.readable else set()
        else:
            seen.add("new")
            value = old if name == "encrypt in place" else new
            assert yaml.safe_load(opened(user))["stringData"]["a"] == value
            allowed = set()
        assert set(watch.leaks()) <= allowed
    assert "old" in seen
    assert _start(user, command, lambda run: run.wait()) == 0, "and again ends well"


def _start(
    user: User, command: Command, then: Callable[[subprocess.Popen[bytes]], object]
) -> int | None:
    """Run *command* with a terminal or a pipe for its input; what it prints goes to nobody."""
    main, terminal = pty.openpty()
    pipe = subprocess.PIPE if command.stdin else terminal
    run = subprocess.Popen(
        [PROGRAM, *command.arguments],
        cwd=user.repository,
        env=user.env,
        stdin=pipe,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    if run.stdin is not None:
        run.stdin.write(command.stdin)
        run.stdin.close()
    then(run)
    os.close(main)
    os.close(terminal)
    return run.returncode


def _kill(run: subprocess.Popen[bytes], after: float) -> None:
    time.sleep(after)
    run.send_signal(signal.SIGKILL)
    run.wait()


def test_the_first_of_two_commits_can_be_killed_anywhere(tmp_path: Path) -> None:
    story = bootstrap_story()

    def is_whole(user: User) -> bool:
        said = user.git("show", "HEAD:clusters/prod/flux-system/kustomization.yaml")
        names = user.git("ls-tree", "-r", "--name-only", "HEAD").split()
        assert ("gitops-secrets" in said) == (".sops.yaml" in names)
        return "gitops-secrets" in said

    inline = story._replace(
        prepare=lambda user: user.commit(FILES),
        arguments=(*story.arguments, "--layout", "inline"),
        is_whole=is_whole,
    )
    assert end_everywhere(inline, tmp_path, POINTS)
