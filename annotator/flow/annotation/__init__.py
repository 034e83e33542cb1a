"""Annotations: saved, corrected, undone, synchronised, confirmed in bulk, adjudicated."""
