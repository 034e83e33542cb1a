"""Pages for import and search."""
