"""What is known of contents that Git holds, and how findings in them are told."""
