"""The one door to other programs: an explicit environment, no shell, nothing secret in the arguments.

Only ``objects.py`` starts git by itself, for speed. What gave a secret is in no environment: see
``environment.py``.
"""

from __future__ import annotations

import os
import select
import selectors
import subprocess
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, Self

from gitops_secrets.core.run import this_run

_under_way: set[subprocess.Popen[bytes]] = set()
_LOOK = 0.2
"""Seconds after which a program that prints nothing is looked at."""
_PART = 64 * 1024


class Completed(NamedTuple):
    """How a program ended. What it printed is kept out of the repr: it may quote a secret."""

    status: int
    stdout: bytes
    stderr: bytes

    def __repr__(self) -> str:
        return f"Completed({self.status}, ...)"


def trace_to(say: Callable[[str], None]) -> None:
    """Tell *say* every command line that this run starts from now on; none of them holds a secret."""
    this_run().trace = say


def inherited_environment() -> dict[str, str]:
    """Return this process's environment, which the variables that gave a secret have left."""
    return dict(os.environ)


def find_program(name: str) -> str | None:
    """Return the path of the program *name*, a path or looked for on PATH; None if there is none.

    As shutil.which, whose module costs a start four milliseconds, for the archives it can make.
    """
    folders = [""] if "/" in name else os.environ.get("PATH", os.defpath).split(os.pathsep)
    for folder in folders:
        path = os.path.join(folder, name)
        if os.path.isfile(path) and os.access(path, os.X_OK):
            return path
    return None


def _send(descriptor: int, waiting: memoryview) -> memoryview:
    """Write of *waiting* what a pipe takes at once; return the rest, none if nobody reads any more."""
    try:
        return waiting[os.write(descriptor, waiting[: select.PIPE_BUF]) :]
    except BrokenPipeError:
        return waiting[:0]


def pass_on(number: int) -> None:
    """Send the signal *number* to every program that is under way."""
    for process in tuple(_under_way):
        process.send_signal(number)


class Started:
    """A program that is under way and waits for its input; leaving the context ends it."""

    def __init__(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        cwd: str | None = None,
        pass_fds: Sequence[int] = (),
        own_session: bool = False,
    ) -> None:
        """Start *argv*, out of the terminal's reach with *own_session*.

        Raises FileNotFoundError or PermissionError if that cannot be done.
        """
        _say_started(argv)
        self._process = subprocess.Popen(
            argv,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=cwd,
            env=inherited_environment() if env is None else dict(env),
            pass_fds=pass_fds,
            start_new_session=own_session,
        )
        _under_way.add(self._process)

    def finish(self, stdin: bytes = b"") -> Completed:
        """Give the program *stdin*, wait for its end, and return how it ended.

        Of a program that a signal ended, what it printed may be cut off: its own children may hold its
        output open for long.
        """
        process = self._process
        assert process.stdin is not None
        read = {stream: bytearray() for stream in (process.stdout, process.stderr) if stream}
        waiting = memoryview(stdin)
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdin, selectors.EVENT_WRITE)
            for stream in read:
                selector.register(stream, selectors.EVENT_READ)
            while selector.get_map():
                ready = selector.select(_LOOK)
                if not ready and (process.poll() or 0) < 0:
                    break
                for key, _ in ready:
                    if key.fileobj is process.stdin:
                        waiting = _send(key.fd, waiting)
                        if not waiting:
                            selector.unregister(key.fileobj)
                            process.stdin.close()
                    elif part := os.read(key.fd, _PART):
                        read[key.fileobj] += part  # type: ignore[index]
                    else:
                        selector.unregister(key.fileobj)
        status = process.wait()
        for stream in (process.stdin, *read):
            stream.close()
        _under_way.discard(process)
        stdout, stderr = (bytes(content) for content in read.values())
        return Completed(status, stdout, stderr)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        _under_way.discard(self._process)
        if self._process.poll() is None:
            self._process.kill()
        with self._process:
            pass


def attend(argv: Sequence[str], *, env: Mapping[str, str], cwd: str) -> int:
    """Run *argv* to its end in the user's terminal and return its status. Raises OSError."""
    _say_started(argv)
    return subprocess.run(argv, env=dict(env), cwd=cwd, check=False).returncode


def _say_started(argv: Sequence[str]) -> None:
    trace = this_run().trace
    if trace is not None:
        import shlex

        trace(shlex.join(argv))


def run(
    argv: Sequence[str],
    *,
    stdin: bytes = b"",
    env: Mapping[str, str] | None = None,
    cwd: str | None = None,
    pass_fds: Sequence[int] = (),
) -> Completed:
    """Run *argv* to its end with *stdin* as its input; the errors are those of Started."""
    with Started(argv, env=env, cwd=cwd, pass_fds=pass_fds) as program:
        return program.finish(stdin)
