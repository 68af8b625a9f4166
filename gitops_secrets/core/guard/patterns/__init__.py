"""What credentials, addresses, placeholders and ciphertext look like."""
