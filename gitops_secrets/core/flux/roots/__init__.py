"""The roots of a repository: where Flux begins, what installs it, and where that is patched."""
