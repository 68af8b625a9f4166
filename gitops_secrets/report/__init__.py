"""Values to text, and nothing else."""
