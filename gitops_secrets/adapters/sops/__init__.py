"""The sops program and the environment it gets."""
