"""Engines behind the screen-reading role, one module each."""
