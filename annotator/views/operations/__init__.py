"""Status pages and metrics."""
