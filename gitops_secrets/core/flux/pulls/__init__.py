"""What a cluster pulls from registries, and the pull Secrets that Git has for it."""
