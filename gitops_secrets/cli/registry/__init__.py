"""``gitops-secrets registry``: one file for each kind of command."""
