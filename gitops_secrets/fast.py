"""The console entry: what every program start pays, and no more."""

from __future__ import annotations

import gc
import sys


def main() -> None:
    """Run the command line and exit with its status."""
    # Importing makes a great many objects and no garbage: collecting it costs a tenth of a start.
    gc.set_threshold(50_000)

    from gitops_secrets.cli.app import run

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
