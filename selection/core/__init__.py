"""Ground floor: array types, hashing, distances, intervals, the exact best of scored shards."""
