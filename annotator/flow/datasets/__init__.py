"""Datasets: import, search, export.

| module | what it does |
|---|---|
| `export` | Streamed export, with the origin of each label |
| `given_vectors` | Vectors that come with the items: checked and stored |
| `importing` | Import: streamed, stored in chunks, resumable |
| `options` | What was chosen for a file |
| `preview` | What an import of an upload would do |
| `rows` | What becomes of each row |
| `resumable` | Uploads that come in chunks and go on where they stopped |
| `search` | Search by text or by likeness |
| `upload` | Uploads: received, kept, given a format |
"""
