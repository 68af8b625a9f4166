"""The commands for encrypted files in Git's merges."""
