"""Log format and context. Imports nothing of the app."""
