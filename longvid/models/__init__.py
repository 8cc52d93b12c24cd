"""Models by role: the table of each role, how a user names one, profiles, and fetching them."""
