"""``gitops-secrets key``: who can decrypt the Secrets of a cluster."""
