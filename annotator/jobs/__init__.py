"""How a worker runs long work: claims, retries, outages, damaged files."""
