"""Background jobs of a worker: claims, retries, outages, damaged files."""
