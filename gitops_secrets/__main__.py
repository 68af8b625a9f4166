"""``python -m gitops_secrets``."""

from gitops_secrets.fast import main

main()
