"""What each command does: gather, ask the core, apply. No click here."""
