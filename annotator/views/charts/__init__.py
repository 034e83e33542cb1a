"""Charts: a registry, one module per chart."""
