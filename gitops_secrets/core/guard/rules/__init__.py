"""The rules: one module, one identifier, one anchor in docs/rules.md, one section of the corpus."""
