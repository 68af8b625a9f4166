"""The command line: parse, call, return."""
