"""Text features."""
