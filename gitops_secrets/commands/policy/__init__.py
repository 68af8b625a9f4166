"""Which rules and exceptions are in force, and for which revision."""
