"""Delivery: labels of people and of the model, handed out with a promise that was proven.

| module | what it does |
|---|---|
| `card` | The facts of a frozen delivery |
| `freezing` | A proven delivery becomes a file that never changes |
| `outlook` | What could be delivered now |
| `planning` | What the frozen model may label, declared before the first check |
| `promises` | Start, look up and take back a delivery |
| `proof` | What the checks prove, and the next ones |
| `records` | Each label, who gave it, and how sure they were |
| `standing` | Where a delivery stands |
| `trained_model` | The frozen model as a ZIP that predicts elsewhere |
| `verdicts` | Verdicts on the checks, from blind answers |
"""
