"""The environment: what holds a secret leaves it, and no program that is started has it.

Exec plugins of a kubeconfig are started by the Kubernetes client, with ``os.environ`` as it is then:
so a variable is taken out of that, and is not only left out where this package starts a program.
"""

from __future__ import annotations

import os

from gitops_secrets.core.run import this_run

_SECRET = ("SOPS_AGE_KEY",)
"""Variables that are secrets by their meaning, whoever set them."""
_ENV_START, _ENV_END = 50, 51
"""Which fields of /proc/self/stat say where the environment of the start lies (proc_pid_stat(5))."""


def forget_secrets() -> None:
    """Take out the variables that are known to hold a secret. Every start of the program begins so."""
    for name in _SECRET:
        value = take(name)
        if value is not None:
            this_run().withheld[name] = value


def forgotten(name: str) -> str | None:
    """Return the variable *name* that was taken out at the start, None if it was not set."""
    return this_run().withheld.get(name)


def take(name: str) -> str | None:
    """Return the variable *name*, None if it is not set, and take it out for good."""
    value = os.environ.pop(name, None)
    if value is not None:
        _wipe(os.fsencode(f"{name}={value}"))
    return value


def _wipe(entry: bytes) -> None:
    """Overwrite *entry* in the block that /proc/PID/environ shows for as long as the process lives.

    Linux alone shows it; where it cannot be written, others of the same user can read it there until
    the end, as they could before.
    """
    try:
        with open("/proc/self/stat", "rb") as file:
            # The second field is the program's name, which may hold blanks and parentheses.
            fields = [b"", b"", *file.read().rpartition(b")")[2].split()]
        start, end = int(fields[_ENV_START - 1]), int(fields[_ENV_END - 1])
        with open("/proc/self/mem", "r+b", buffering=0) as memory:
            memory.seek(start)
            block = memory.read(end - start)
            at = (b"\0" + block).find(b"\0" + entry + b"\0")
            if at >= 0:
                memory.seek(start + at)
                memory.write(bytes(len(entry)))
    except (OSError, ValueError, IndexError):
        return
