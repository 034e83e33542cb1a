"""Datasets: import, search, export."""
