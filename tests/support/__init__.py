"""Helpers of the tests: a user's machine, a watch for leaks, a killer."""
