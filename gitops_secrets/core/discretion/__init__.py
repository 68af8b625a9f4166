"""Which words may be secrets, and are never repeated."""
