"""Pure: bytes and frozen values in, values out. No file, process, environment, clock or socket."""
