"""What a cluster has, held against what Git wants of it."""
