"""Sign-in protection: rate limits, lock-out, known devices, password hashing."""
