"""Retrievers for frameworks: one document a moment, with its span and link in the metadata."""
