"""YAML with positions, and edits that leave every other byte."""
