"""Whose keys open an encrypted file, and which of them sops gets to see."""
