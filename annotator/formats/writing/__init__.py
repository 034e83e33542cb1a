"""What goes out in the formats of spreadsheets and of other tools: one module a format."""
