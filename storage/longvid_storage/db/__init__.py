"""The rows of a library: the only truth."""
