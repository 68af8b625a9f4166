"""Secrets and their encryption: what sops or Flux would not have left so."""
