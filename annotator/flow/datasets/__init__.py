"""Datasets: import, search, export.

| module | what it does |
|---|---|
| `export` | Streamed export, with the origin of each label |
| `importing` | Import: streamed, stored in chunks, resumable |
| `preview` | The first rows of a file, and which column has what |
| `rejects` | Rejected rows and their report |
| `search` | Search by text or by likeness |
| `upload` | Uploads: received, kept, given a format |
"""
