"""Registry credentials that can be read."""
