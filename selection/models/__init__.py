"""Models: a balanced linear model and its relatives, stored as plain arrays."""
