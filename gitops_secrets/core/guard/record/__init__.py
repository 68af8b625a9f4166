"""What is found: facts of a content, and findings."""
