"""The edits by which Flux decrypts and pulls."""
