"""Registry credentials for Flux repositories, never readable in Git."""

__version__ = "0.1.0"
