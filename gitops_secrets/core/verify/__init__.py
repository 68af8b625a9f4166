"""What ``verify`` asks of encrypted files: without a key, by their history, and with the data key."""
