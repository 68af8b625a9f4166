"""The corpus: contents with the verdict that is right, made anew with fresh credentials at each run."""
