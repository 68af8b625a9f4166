"""What a command prints: results, messages, progress, and the JSON document of each command."""
