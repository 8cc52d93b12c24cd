"""What the example lectures say and show; ``examples/make_lectures.py`` turns it into media."""
