"""Creation rules: read as sops reads them, chosen, checked and edited."""
