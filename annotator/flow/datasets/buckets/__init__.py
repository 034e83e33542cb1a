"""Files in buckets of S3-compatible stores, imported like files on the server.

| module | what it does |
|---|---|
| `addresses` | What an address such as `s3://scans/2026` names, and what is there |
| `copies` | Fetched to this machine before they are read, in pieces |
| `problems` | What a store answers instead, as errors |
"""
