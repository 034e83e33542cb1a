"""Labels: stored ids and shown names, and which labels are in use.

| module | what it does |
|---|---|
| `naming` | Label ids to names and back, the digest of a label set |
| `usage` | Labels in use, which cannot be removed |
"""
