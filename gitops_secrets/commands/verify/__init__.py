"""``verify``: every encrypted file of a repository, by itself, by its history and with the keys at hand."""
