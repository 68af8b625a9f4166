"""Which contents may hold anything at all, asked of their bytes."""
