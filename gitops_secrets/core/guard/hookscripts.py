"""The scripts that Git runs: each runs the guard, and then the hook that stood there before.

A guard that is not found blocks, with the words to say why. What a hook is given on standard input
is given to both, byte for byte.
"""

from __future__ import annotations

import shlex

CLIENT = ("pre-commit", "commit-msg", "pre-push")
SERVER = ("pre-receive",)
EARLIER = ".before-gitops-secrets"
"""Ends the name under which the hook that stood there before is kept."""
MARK = "# The guard of gitops-secrets. To take it out: gitops-secrets hooks uninstall"

_COMMANDS = {
    "pre-commit": "scan",
    "commit-msg": 'scan --commit-msg "$1"',
    "pre-push": 'scan --pre-push "$1"',
    "pre-receive": "scan --pre-receive",
}
_OF_PYTHON = "PYTHONPATH PYTHONHOME PYTHONUSERBASE PYTHONPLATLIBDIR PYTHONPYCACHEPREFIX"
"""Variables that lead Python to other modules than its own: to those of a repository, if they name "."."""
NAME = "gitops-secrets"
"""What is run if there is no guard at the path that a script has."""


def script(hook: str, guard: str = NAME) -> str:
    """Return the script of *hook*; *guard* is the command, or the absolute path of it."""
    reads_input = hook in ("pre-push", "pre-receive")
    before = f'"$0{EARLIER}"'
    given = 'printf %s "$input" | ' if reads_input else ""
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
        # A substitution takes line feeds from the end, so something else stands there.
        *(["input=$(cat; echo x)", "input=${input%x}"] if reads_input else []),
        # In a shell of its own, since the hook that was there is to have these variables.
        f"{given}(",
        f"unset {_OF_PYTHON}",
        f'"$guard" {_COMMANDS[hook]}',
        ") || exit $?",
        f"if [ -x {before} ]; then",
        f'  {given}{before} "$@"' if reads_input else f'  exec {before} "$@"',
        "fi",
    ]
    return "\n".join(lines) + "\n"


def guard_of(hook: str, content: bytes) -> str:
    """Return the path at which *content* has the guard, "" unless it is the script of *hook* to the last byte."""
    for line in content.decode(errors="surrogateescape").split("\n"):
        if line.startswith("guard="):
            try:
                words = shlex.split(line.removeprefix("guard="))
            except ValueError:
                return ""
            is_whole = (
                len(words) == 1
                and words[0].rpartition("/")[2] == NAME
                and content == script(hook, words[0]).encode(errors="surrogateescape")
            )
            return words[0] if is_whole else ""
    return ""


def is_ours(content: bytes) -> bool:
    """Return whether a hook's script is one of these, or was before somebody changed it."""
    return MARK.encode() in content
