"""Conversations: what was said before, what a follow-up refers to, and sessions that outlive their process."""
