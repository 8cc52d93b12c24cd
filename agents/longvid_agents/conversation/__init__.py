"""Conversations: what was said before, and what a follow-up refers to."""
