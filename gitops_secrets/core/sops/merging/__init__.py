"""Three versions of one encrypted file made into one, value by value."""
