"""The reader of a Flux repository: what is applied, by which Kustomization, and how."""
