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
    except KeyboardInterrupt:
        # While modules are loaded nobody else has words for it yet.
        sys.stderr.write("\ngitops-secrets: error: interrupted; nothing was changed\n")
        status = 130
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
