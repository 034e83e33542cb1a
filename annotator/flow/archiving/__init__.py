"""Archives of projects: written, opened, and copied from.

| module | what it does |
|---|---|
| `jobs` | Jobs: who starts one, where its file is, when that goes |
| `run` | What a worker does: all of it, or nothing |
"""
