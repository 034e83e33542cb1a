"""Simulation: the annotation loop replayed on labelled data, baselines and label savings."""
