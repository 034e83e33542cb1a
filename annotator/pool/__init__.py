"""Rows to arrays and back: the only bridge between the database and `selection`."""
