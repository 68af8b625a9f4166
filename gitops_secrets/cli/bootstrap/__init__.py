"""``gitops-secrets bootstrap`` and ``attach``: their options, their questions and what they print."""
