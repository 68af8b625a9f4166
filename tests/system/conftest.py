"""This tier needs Debian packages; what is missing is named, and nothing is skipped."""

from __future__ import annotations

import shutil

import pytest

_NEEDED = {"age": "age", "age-keygen": "age", "gpg": "gnupg", "unshare": "util-linux"}
_NEEDED |= {"gpgsm": "gpgsm", "ssh-keygen": "openssh-client", "pipx": "pipx"}
_NEEDED |= {"strace": "strace", "docker-registry": "docker-registry"}
_NEEDED |= {"vim": "vim", "nvim": "neovim", "nano": "nano", "emacs": "emacs-nox"}


def pytest_sessionstart(session: pytest.Session) -> None:
    """End the run at once where a program is missing, with the command that installs it."""
    del session
    missing = sorted({package for program, package in _NEEDED.items() if not shutil.which(program)})
    if missing:
        pytest.exit(f"missing packages: apt-get install {' '.join(missing)}", returncode=3)
