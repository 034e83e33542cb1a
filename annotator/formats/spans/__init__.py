"""Spans in files: of other tools, of tables of tokens, and of standoff files.

| module | what it does |
|---|---|
| `offsets` | Code points, UTF-16 units and bytes: recognised, and converted |
| `parsing` | Spans of a record, as GivenSpan |
| `registry` | The tools whose records have spans |
"""
