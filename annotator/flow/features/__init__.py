"""Items become feature shards."""
