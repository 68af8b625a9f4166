"""What went wrong in sops, in words of ours: what it says on standard error quotes plaintext."""

from __future__ import annotations

from gitops_secrets.adapters.running.process import Completed
from gitops_secrets.adapters.sops.binary import RELEASES, find_sops
from gitops_secrets.errors import GitOpsSecretsError, MachineError

_NEWER = f"put sops 3.11 or newer on PATH ahead of it: {RELEASES}"
_TOO_OLD_MARKS = (
    *(b"flag provided but not defined", b"No help topic", b"no such flag"),
    b"no file specified",
)
"""What sops says of a flag or a command that it lacks; before 3.10, of standard input."""
_LIST_FOR_TEXT = b"cannot unmarshal !!seq into string"
"""What sops before 3.11 says of the creation rules that newer ones read, and we write."""
NO_KEY = 128
_MAC = 51
_VALUE = 25


class TamperedError(GitOpsSecretsError):
    """What is not encrypted of a file, or where its values stand, was changed since sops wrote it."""


def failure(done: Completed, command: str, path: str) -> GitOpsSecretsError:
    """Return the error for *done*, a ``sops`` *command* on the file *path* that failed."""
    if any(mark in done.stderr or mark in done.stdout for mark in _TOO_OLD_MARKS):
        return MachineError(f"{find_sops()} is too old: it lacks sops {command} as of 3.11", _NEWER)
    if _LIST_FOR_TEXT in done.stderr:
        return MachineError(
            f"{find_sops()} is too old for a .sops.yaml with its age recipients in a list, or a list "
            "stands there where sops takes text",
            _NEWER,
        )
    if done.status < 0:
        return MachineError(f"sops {command} was ended by signal {-done.status} on {path}")
    if done.status == NO_KEY:
        return GitOpsSecretsError(
            f"none of the identities at hand opens {path}",
            "pass --age-identity-file with an identity of one of its recipients",
        )
    if done.status == _MAC:
        return TamperedError(
            f"{path} was changed by other hands than sops': its MAC does not fit",
            f"git log -p -- {path}",
        )
    if done.status == _VALUE and command == "decrypt":
        return GitOpsSecretsError(
            f"a value of {path} does not open: its ciphertext was changed, or stands under another key",
            f"git restore --source HEAD -- {path}",
        )
    if b"no matching creation rules" in done.stderr:
        return GitOpsSecretsError(f"no creation rule of .sops.yaml matches {path}")
    if b"recipient" in done.stderr and command == "encrypt":
        return GitOpsSecretsError(
            f"sops does not take one of the recipients of the rule for {path}",
            "age recipients begin with age1: age-keygen -y FILE prints the one of an identity",
        )
    return GitOpsSecretsError(
        f"sops {command} failed on {path} with status {done.status}; what it says may quote "
        "the secret and is not shown"
    )
