"""A content taken apart, and what the rules find in it."""
