"""What was learnt of a repository's contents, kept on disk between runs."""
