"""Charts: a registry, one module a chart."""
