"""Git's own commands: what they are told, what they answer."""
