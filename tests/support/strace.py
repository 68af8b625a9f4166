"""Which programs a command starts and what it connects to, from the kernel's side."""

from __future__ import annotations

import os
import pty
import re
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

_EXEC = re.compile(r'execve\("(?P<path>[^"]+)", \[.*?\](?:, .*)? = 0$')
_CONNECT = re.compile(
    r"(?:connect|bind|sendto|sendmsg)\(\d+, .*?sa_family=(?P<family>AF_\w+)(?P<rest>[^}]*)"
)


class Seen(NamedTuple):
    """What a command did besides reading and writing files."""

    status: int
    printed: str
    programs: frozenset[str]
    """The names of the programs that were started, by the path that was executed."""
    connections: frozenset[str]
    """Each socket that was connected, bound or sent to: its family and address."""


def watch(
    argv: Sequence[str], *, cwd: Path, env: Mapping[str, str], stdin: bytes | None, log: Path
) -> Seen:
    """Run *argv* to its end, on a terminal where *stdin* is None, and return what it and all below it did."""
    calls = "trace=execve,execveat,connect,bind,sendto,sendmsg"
    main, terminal = pty.openpty()
    try:
        done = subprocess.run(
            # A file for each process: in one, two calls at a time would be cut in two.
            ["strace", "-ff", "-qq", "-s", "300", "-e", calls, "-o", str(log), *argv],
            cwd=cwd,
            env=dict(env),
            **({"stdin": terminal} if stdin is None else {"input": stdin}),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
            timeout=120,
        )
    finally:
        os.close(main)
        os.close(terminal)
    programs, connections = set(), set()
    logs = list(log.parent.glob(f"{log.name}.*"))
    lines = [line for one in logs for line in one.read_text(errors="replace").splitlines()]
    for one in logs:
        one.unlink()
    for line in lines:
        started = _EXEC.search(line)
        if started:
            programs.add(os.path.basename(started["path"]))
        elif "execveat(" in line and " = 0" in line:
            programs.add(line)
        connected = _CONNECT.search(line)
        if connected:
            connections.add(f"{connected['family']}{connected['rest']}")
    printed = done.stdout.decode(errors="replace")
    return Seen(done.returncode, printed, frozenset(programs), frozenset(connections))
