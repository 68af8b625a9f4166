"""Encrypted files and the rules by which they are made."""
