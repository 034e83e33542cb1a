"""What an export has in it.

| module | what it does |
|---|---|
| `by_item` | One record an item, with the label that counts and who said what |
| `choices` | What was chosen to go out |
| `predictions` | What the newest model says of each item |
| `records` | One record an annotation, with how it came about |
"""
