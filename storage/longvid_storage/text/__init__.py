"""What is known of text, whatever it is for: words, languages, times, passages."""
