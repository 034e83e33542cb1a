"""Picture features."""
