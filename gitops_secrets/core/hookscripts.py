"""The scripts that Git runs: each runs the guard, and then the hook that stood there before.

A guard that is not found blocks, with the words to say why. What a hook is given on standard input
is given to both.
"""

from __future__ import annotations

import shlex

CLIENT = ("pre-commit", "commit-msg", "pre-push")
SERVER = ("pre-receive",)
EARLIER = ".before-gitops-secrets"
"""Ends the name under which the hook that stood there before is kept."""
MARK = "# The guard of gitops-secrets. To take it out: gitops-secrets hooks uninstall"

_COMMANDS = {
    "pre-commit": '"$guard" scan',
    "commit-msg": '"$guard" scan --commit-msg "$1"',
    "pre-push": 'printf \'%s\\n\' "$input" | "$guard" scan --pre-push "$1"',
    "pre-receive": 'printf \'%s\\n\' "$input" | "$guard" scan --pre-receive',
}


def script(hook: str, guard: str = "gitops-secrets") -> str:
    """Return the script of *hook*; *guard* is the command, or the absolute path of it."""
    reads_input = hook in ("pre-push", "pre-receive")
    before = f'"$0{EARLIER}"'
    lines = [
        "#!/bin/sh",
        MARK,
        f"guard={shlex.quote(guard)}",
        'command -v "$guard" >/dev/null 2>&1 || guard=gitops-secrets',
        'if ! command -v "$guard" >/dev/null 2>&1; then',
        '  echo "gitops-secrets: error: the guard is not installed, so nothing was looked at" >&2',
        '  echo "gitops-secrets: hint: pipx install gitops-secrets" >&2',
        "  exit 3",
        "fi",
        *(["input=$(cat)"] if reads_input else []),
        f"{_COMMANDS[hook]} || exit $?",
        f"if [ -x {before} ]; then",
        (
            f'  printf \'%s\\n\' "$input" | {before} "$@"'
            if reads_input
            else f'  exec {before} "$@"'
        ),
        "fi",
    ]
    return "\n".join(lines) + "\n"


def is_ours(content: bytes) -> bool:
    """Return whether a hook's script is one of these."""
    return MARK.encode() in content
