"""Items as a lead sees them: found, shown, corrected, sent back.

| module | what it does |
|---|---|
| `criteria` | Search criteria and their order, read from parameters |
| `conditions` | The criteria as conditions of a query |
| `candidates` | The few items that can match, found from the rarest criterion |
| `listing` | One page of items with a total, in bounded time |
| `likeness` | Items by likeness to another one, or by meaning |
| `answering` | A lead answers an item: seed label, decision or correction |
| `attention` | What needs a decision of a lead |
| `bulk` | One action on many items, with an undo |
| `label_split` | A label becomes several: its items are asked again |
| `own` | An annotator's own labels, searched |
| `saved_views` | Named lists with their filters, one's own or shared |
| `details` | Items with annotations, notes, history and predictions |
"""
