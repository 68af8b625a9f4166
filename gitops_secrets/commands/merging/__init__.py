"""Encrypted files in Git's merges and diffs."""
