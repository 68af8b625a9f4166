"""edit with the real editors, configured by their user to keep copies of everything."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest
import yaml

from tests.support.leaks import Watch, files_below
from tests.support.secrets import PATH, opaque, opened, recipient, rule, word
from tests.support.spellings import Needles
from tests.support.terminal import Terminal
from tests.support.user import PROGRAM, User

VIMRC = """
set swapfile backup writebackup undofile viminfo='100,<50,s10,h updatecount=1
set directory={keep} backupdir={keep} undodir={keep}
"""
NANORC = 'set backup\nset backupdir "{keep}"\nset historylog\nset positionlog\nset locking\n'
INIT_EL = """(setq backup-directory-alist '(("." . "{keep}")) make-backup-files t auto-save-default t
 auto-save-file-name-transforms '((".*" "{keep}/" t)) auto-save-interval 20 create-lockfiles t)
"""
KEYS = {
    "vim": (":%s/two/TWO/\r", ":wq\r"),
    "nvim": (":%s/two/TWO/\r", ":wq\r"),
    "nano": ("\x1c" + "two\r" + "TWO\r" + "a", "\x13\x18"),
    "emacs": ("\x1bxreplace-string\rtwo\rTWO\r", "\x18\x13\x18\x03"),
}
SHOWN = "stringData"


@pytest.fixture
def value() -> str:
    return word().replace('"', "")


@pytest.fixture
def kept(user: User, value: str) -> Path:
    """A user with an encrypted Secret, and where his editors keep copies."""
    keep = user.home / "keep"
    keep.mkdir()
    user.write({})
    for name, content in (
        (".vimrc", VIMRC),
        (".config/nvim/init.vim", VIMRC.replace("viminfo='100,<50,s10,h", "")),
        (".nanorc", NANORC),
        (".emacs.d/init.el", INIT_EL),
    ):
        path = user.home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content.format(keep=keep))
    user.commit({".sops.yaml": rule(recipient(user)), "apps/README.md": "apps\n"})
    manifest = opaque(value, "two").encode()
    assert user.run("encrypt", "-", "--to", PATH, stdin=manifest).status == 0
    return keep


def leftovers(user: User, value: str) -> list[str]:
    """Where *value* stands below the user's folders and /dev/shm."""
    needles = Needles(value)
    folders = [user.home, user.repository, user.temporary, Path("/dev/shm")]
    return [p for f in folders for p, c in files_below(f, f.parent) if needles.are_in(c)]


@pytest.mark.parametrize("editor", KEYS)
def test_the_editor_changes_one_value_and_keeps_no_copy(
    user: User, kept: Path, value: str, editor: str
) -> None:
    change, leave = KEYS[editor]
    with Watch(user, value) as watch, Terminal(user, [PROGRAM, "edit", PATH], EDITOR=editor) as at:
        at.wait_for(SHOWN)
        at.settle()
        at.type(change)
        at.settle()
        assert [p for p in leftovers(user, value) if not p.startswith("shm/gitops-secrets-")] == []
        at.type(leave)
        assert at.end() == 0, at.shown
    assert yaml.safe_load(opened(user))["stringData"] == {"a": value, "b": "TWO"}
    assert watch.leaks() == []
    assert leftovers(user, value) == []
    assert list(kept.iterdir()) == []


@pytest.mark.parametrize("editor", ["vim", "nvim"])
def test_such_a_configuration_does_keep_copies_without_us(
    user: User, kept: Path, editor: str
) -> None:
    """Without it, the test above would hold for an editor that never keeps anything."""
    plain = user.home / "plain.yaml"
    plain.write_text(opaque("one", "two"))
    with Terminal(user, [editor, plain]) as at:
        at.wait_for(SHOWN)
        at.settle()
        at.type(KEYS[editor][0])
        at.settle()
        at.type(KEYS[editor][1])
        assert at.end() == 0
    assert list(kept.iterdir())


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP])
def test_a_kill_while_the_editor_is_open_leaves_nothing(
    user: User, kept: Path, value: str, number: signal.Signals
) -> None:
    assert kept
    before = user.read(PATH)
    with Watch(user, value) as watch, Terminal(user, [PROGRAM, "edit", PATH], EDITOR="vim") as at:
        at.wait_for(SHOWN)
        at.settle()
        assert leftovers(user, value), "the text was nowhere, so the test shows nothing"
        at.run.send_signal(number)
        ends = time.monotonic() + 10
        while leftovers(user, value) and time.monotonic() < ends:
            time.sleep(0.05)
        assert leftovers(user, value) == []
    assert watch.leaks() == []
    assert user.read(PATH) == before


def test_a_value_is_asked_for_without_showing_it(user: User, kept: Path) -> None:
    assert kept
    typed = word()
    with Watch(user, typed) as watch, Terminal(user, [PROGRAM, "edit", PATH, "--key", "b"]) as at:
        at.wait_for("b:")
        at.type(f"{typed}\r")
        at.wait_for("confirmation:")
        at.type(f"{typed}\r")
        assert at.end() == 0
        shown = at.shown
    assert typed.encode() not in shown
    assert yaml.safe_load(opened(user))["stringData"]["b"] == typed
    assert watch.leaks() == []
