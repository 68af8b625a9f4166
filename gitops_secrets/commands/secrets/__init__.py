"""One encrypted file: encrypted, edited, shown, applied."""
