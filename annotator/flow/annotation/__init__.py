"""Annotations: saved, corrected, undone, synchronised with a window, confirmed in bulk, adjudicated."""
