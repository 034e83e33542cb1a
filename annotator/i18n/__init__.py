"""Messages that are stored in the database and shown in the reader's language."""
