"""Core: array types and checks, item hashes, distances, exact intervals, top k over shards."""
