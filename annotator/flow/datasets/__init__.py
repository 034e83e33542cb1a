"""Datasets: import, export, removal.

| module | what it does |
|---|---|
| `export` | Streamed export, with the origin of each label |
| `buckets` | Files in buckets, fetched before they are read |
| `attaching` | Vectors for items that are there already, by their ids |
| `export_job` | Export in the background: a file once it is whole |
| `given_vectors` | Vectors that come with the items: checked and stored |
| `importing` | Import: streamed, stored in chunks, resumable |
| `new_project` | A project from a file: name, task type, labels |
| `options` | What was chosen for a file |
| `outgoing` | What an export has in it |
| `preview` | What an import of an upload would do |
| `removal` | Items removed for good |
| `rows` | What becomes of each row |
| `resumable` | Uploads that come in chunks and go on where they stopped |
| `server_files` | Files on the server, imported from where they are |
| `undo_import` | An import undone, in pieces |
| `upload` | Uploads: received, kept, given a format |
"""
