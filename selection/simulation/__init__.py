"""Simulation: the loop replayed on known labels, and what it saved."""
