"""What items are made of: one module a medium."""
