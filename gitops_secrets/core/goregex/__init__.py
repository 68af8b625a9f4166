"""Go's regular expressions, in linear time."""
