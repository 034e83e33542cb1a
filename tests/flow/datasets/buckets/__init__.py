"""Files in buckets: listed, fetched, imported."""
