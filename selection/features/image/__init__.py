"""Image features."""
