"""All or nothing: files, index and branch change together or not at all."""
