"""Other programs, our environment and signals."""
