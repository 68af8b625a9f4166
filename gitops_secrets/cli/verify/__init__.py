"""What ``verify`` prints besides its report."""
