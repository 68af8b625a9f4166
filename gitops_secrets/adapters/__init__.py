"""One outer thing a file: git, sops, the file system, the cluster."""
