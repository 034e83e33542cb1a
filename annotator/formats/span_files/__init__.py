"""Files that hold nothing but texts with spans.

| module | what it does |
|---|---|
| `brat` | An archive of texts with annotations beside them, in and out |
| `standoff` | The lines of such annotations |
| `spacy` | spaCy's DocBin, in and out |
| `docbin` | What a DocBin holds, as numbers and texts |
"""
