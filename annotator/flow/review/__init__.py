"""Second opinions, gold items and disagreements. Reads and writes their own rows only.

| module | what it does |
|---|---|
| `assignments` | Reviews: leased, answered, dismissed |
| `candidates` | Items to review, chosen and requested |
| `corrections` | What an author said, where somebody else corrected it since |
| `disagreements` | Disagreements recorded for the lead |
| `gold_items` | Gold items and the answer told after them |
"""
