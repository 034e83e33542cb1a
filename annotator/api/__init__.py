"""The HTTP API: the same flow calls as the pages, in JSON."""
