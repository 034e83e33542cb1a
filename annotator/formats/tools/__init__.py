"""What other tools write: one module a tool, each one line in `registry`."""
