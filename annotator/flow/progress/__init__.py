"""Counts, the newest estimate, stopping. Cheap reads of small rows, safe on the label path.

| module | what it does |
|---|---|
| `audit_counts` | How many audits count, are answered, are waited for |
| `daily_counts` | Daily counts, kept as labels are saved |
| `deliverable` | What a model could label by itself, by the newest report |
| `estimate` | The accuracy estimate: one source, one sentence |
| `expected_tallies` | What the daily counts must be, from the rows |
| `model_history` | Measurements of past models, for charts |
| `recall_standing` | Recall of a rare label, with a bound |
| `spending` | Money spent on the labels that a model read |
| `stopping` | Pause, resume, budget, reasons to stop |
| `summary` | Progress numbers of a project |
| `version_numbers` | Numbers of rounds and models, cached |
"""
