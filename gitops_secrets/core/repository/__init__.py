"""A repository as planned: its files, its layout, the names in it."""
