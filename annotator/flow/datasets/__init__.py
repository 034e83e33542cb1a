"""Datasets: import, search, export.

| module | what it does |
|---|---|
| `export` | Streamed export, with the origin of each label |
| `importing` | Import: streamed, stored in chunks, resumable |
| `search` | Search by text or by likeness |
"""
