"""Django's SQLite backend, with a write queue (`base`)."""
