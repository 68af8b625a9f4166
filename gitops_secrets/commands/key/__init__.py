"""Identities: the keys of clusters and of people."""
