"""``python -m gitops_secrets``."""

import sys

if not sys.flags.safe_path:
    # Python looks for modules in the current folder first, and a repository may hold a yaml.py.
    del sys.path[0]

from gitops_secrets.fast import main

main()
