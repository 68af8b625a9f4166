"""Registries: their names, credentials, and the docker config made of them."""
