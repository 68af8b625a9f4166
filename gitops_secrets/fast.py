"""The console entry: what every program start pays, and no more."""

from __future__ import annotations

import gc
import os
import sys


def main() -> None:
    """Run the command line and exit with its status."""
    # Importing makes a great many objects and no garbage: collecting it costs a tenth of a start.
    gc.set_threshold(50_000)

    from gitops_secrets.commands.quick import quick

    status = quick(sys.argv[1:])
    if status is None:
        from gitops_secrets.cli.app import run

        status = run(sys.argv[1:])
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        # Taking the interpreter down piece by piece costs as much as starting git twice.
        os._exit(status)


if __name__ == "__main__":
    main()
