"""Counts, the newest estimate, stopping. Cheap reads of small rows, safe on the label path."""
