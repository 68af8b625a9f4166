"""Readers that give up late: encodings, documents, archives."""
