"""Media: one module per kind of item."""
