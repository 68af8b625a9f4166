"""The console entry: what every program start pays, and no more."""

from __future__ import annotations

import gc
import os
import sys


def main() -> None:
    """Run the command line and exit with its status."""
    # Importing makes a great many objects and no garbage: collecting it costs a tenth of a start.
    gc.set_threshold(50_000)

    try:
        status = _run(sys.argv[1:])
        sys.stdout.flush()
    except KeyboardInterrupt as error:
        # While modules are loaded, and when all is done, nobody else has words for it.
        words = getattr(error, "words", "nothing was changed")
        sys.stderr.write(f"\ngitops-secrets: error: interrupted; {words}\n")
        status = getattr(error, "exit_code", 130)
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        # Taking the interpreter down piece by piece costs as much as starting git twice.
        os._exit(status)


def _run(arguments: list[str]) -> int:
    from gitops_secrets.commands.quick import quick

    status = quick(arguments)
    if status is None:
        from gitops_secrets.cli.app import run

        status = run(arguments)
    return status


if __name__ == "__main__":
    main()
