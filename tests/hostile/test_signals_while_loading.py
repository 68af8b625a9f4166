"""A signal that comes while Python loads a module: it is neither lost nor printed as a traceback."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.hostile.test_signals import CATCHABLE, UNCHANGED, run_within
from tests.support.stories import file_story
from tests.support.user import User

SIGNALS = pytest.mark.parametrize("number", CATCHABLE)
LOADED = "loaded_under_a_signal"
STAY = "import time\nwhile True: time.sleep(0.01)\n"


def _ended(user: User, module: str, afterwards: str) -> tuple[int, str]:
    """Run ``encrypt``, which loads *module* on its way and then runs *afterwards*; return its status and what it printed."""
    story = file_story("encrypt")
    story.prepare(user)
    folder = user.home / "modules"
    folder.mkdir(exist_ok=True)
    (folder / f"{LOADED}.py").write_text(module)
    program = (
        "import sys\n"
        f"sys.path.append({str(folder)!r})\n"
        "from gitops_secrets.commands.secrets import file\n"
        "locate = file.locate\n"
        "def loading(path):\n"
        f"    import {LOADED}\n"
        f"    exec({afterwards!r})\n"
        "    return locate(path)\n"
        "file.locate = loading\n"
        "from gitops_secrets.fast import main\n"
        "main()\n"
    )
    ended = run_within(user, program, story)
    printed = ended.stdout.decode()
    assert "Traceback" not in printed
    assert "Exception ignored" not in printed
    return ended.returncode, printed


def _kill(number: signal.Signals) -> str:
    return f"import os\nos.kill(os.getpid(), {int(number)})\n"


def _mark(user: User) -> tuple[Path, str]:
    mark = user.home / "finished"
    return mark, f"open({str(mark)!r}, 'w').close()\n"


@SIGNALS
def test_the_import_is_finished_and_then_the_run_ends(user: User, number: signal.Signals) -> None:
    mark, finish = _mark(user)
    status, printed = _ended(user, _kill(number) + finish, STAY)
    assert status == 128 + number, printed
    assert UNCHANGED in printed
    assert mark.exists()


@SIGNALS
@pytest.mark.parametrize(
    "error", ["ImportError('x')", "ModuleNotFoundError(name='x')", "ValueError"]
)
def test_an_import_that_fails_afterwards_is_not_what_is_told(
    user: User, number: signal.Signals, error: str
) -> None:
    status, printed = _ended(user, f"{_kill(number)}raise {error}\n", "")
    assert status == 128 + number, printed
    assert printed.strip() == f"gitops-secrets: error: {UNCHANGED}"


@SIGNALS
def test_a_second_signal_ends_an_import_that_does_not_end(
    user: User, number: signal.Signals
) -> None:
    mark, finish = _mark(user)
    status, printed = _ended(user, _kill(signal.SIGTERM) + finish + _kill(number) + STAY, "")
    assert status == 128 + number, printed
    assert UNCHANGED in printed
    assert mark.exists()


@SIGNALS
def test_a_signal_within_two_imports_ends_the_run_after_the_outer_one(
    user: User, number: signal.Signals
) -> None:
    mark, finish = _mark(user)
    (user.home / "modules").mkdir()
    (user.home / "modules" / "inner_under_a_signal.py").write_text(_kill(number))
    status, printed = _ended(user, f"import inner_under_a_signal\n{finish}", STAY)
    assert status == 128 + number, printed
    assert mark.exists()
