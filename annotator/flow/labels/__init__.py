"""Labels: stored ids and shown names, and which labels are in use."""
