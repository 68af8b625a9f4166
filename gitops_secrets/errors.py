"""What goes wrong, in the user's words.

::

    GitOpsSecretsError          could not finish, or refused        exit 3
    ├── UsageError              the command line is invalid         exit 2
    ├── InvalidDocumentError    a document that is broken or ambiguous  exit 3
    └── MachineError            the machine cannot do it now        exit 3

One line, lower case, no period: what is wrong and where. A hint is a command or an edit that
fixes it. Neither ever holds a secret, nor does the cause: what an outer program said is not quoted.
"""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """The exit status of every command."""

    OK = 0
    """Clean, or done."""
    FINDINGS = 1
    """Something was found: scan, verify, doctor, a merge conflict."""
    USAGE = 2
    """The command line is invalid."""
    REFUSED = 3
    """Refused, or could not finish. A guard that could not look says this, and blocks."""
    BUG = 4
    """A fault of the tool itself."""
    INTERRUPTED = 130


class GitOpsSecretsError(Exception):
    """Anything the user can do something about.

    *message* says what and where; each of *hints* is a command or an edit that works. Its notes, as of every
    exception, say what was done before.
    """

    exit_code = ExitCode.REFUSED

    def __init__(self, message: str, *hints: str) -> None:
        super().__init__(message)
        self.message = message
        self.hints = hints


class UsageError(GitOpsSecretsError):
    """The command line is invalid."""

    exit_code = ExitCode.USAGE


class InvalidDocumentError(GitOpsSecretsError):
    """A YAML or JSON document that is broken, ambiguous, or not what its place asks for."""


class MachineError(GitOpsSecretsError):
    """The machine cannot do it now, whichever file it is about: a disk is full, a program is too old or was killed."""
