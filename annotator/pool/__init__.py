"""The only bridge between rows and the arrays of `selection`."""
