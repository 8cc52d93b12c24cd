"""Where the word index lies: SQLite's FTS5, or a table of postings in PostgreSQL."""
