"""The queue: refill, leases, prefetch, the offline buffer, skipped and orphaned items."""
