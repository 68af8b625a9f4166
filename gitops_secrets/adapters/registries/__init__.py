"""Container registries, asked over HTTP."""
