"""What an export has in it.

| module | what it does |
|---|---|
| `by_item` | One record an item, with the label that counts and who said what |
| `by_document` | One record a document whose paragraphs are items |
| `choices` | What was chosen to go out |
| `predictions` | What the newest model says of each item |
| `records` | One record an annotation, with how it came about |
| `unaligned` | Spans that a format of whole tokens cannot hold |
"""
