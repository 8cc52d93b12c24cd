"""Implementations of the speech role, one a file."""
