"""Simulations on labelled data."""
