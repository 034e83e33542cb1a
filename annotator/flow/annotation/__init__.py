"""Annotations: saved, corrected, undone, synchronised, confirmed in bulk, adjudicated.

| module | what it does |
|---|---|
| `adjudicate` | A lead settles a disagreement; the decision replaces the votes |
| `bulk_confirm` | Confirm a bulk page in one step, and undo it |
| `bulk_pages` | Bulk pages: items with one confidently predicted label |
| `history` | An annotator's own history and today's totals |
| `mark_attributes` | What attributes the marks of an item may have |
| `payload` | Payload of an annotation: its labels by id and by name, and how it came about |
| `revise` | Correct, withdraw or undo an annotation; its history keeps what it said before |
| `send_back` | Taken back with a comment, for others or one person to label again |
| `seed_labels` | A lead's seed labels, given outside the queue |
| `submit` | Save an annotation, and lease the next item |
| `sync_decisions` | Apply the decisions that a window sends, one by one |
| `window_tags` | What a labelling window suggested from what was just tagged in it |
"""
