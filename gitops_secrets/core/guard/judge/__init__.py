"""Facts held against paths, rules of the repository and exceptions."""
