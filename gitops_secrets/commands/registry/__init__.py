"""Registries: where their credentials come from."""
