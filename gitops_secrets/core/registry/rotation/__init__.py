"""Rotating a credential: its stages, the program that mints and revokes, and what is noted about it in Git."""
