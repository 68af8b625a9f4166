"""The guard: which contents a command looks at."""
