"""How good the model is and how that changes: audits, forecast, label savings, recall, the map.

| module | what it does |
|---|---|
| `audit_accuracy` | Accuracy on audit items, by models that never saw them |
| `audit_judgements` | The prediction that each audit item was scored with |
| `embedding_map` | Embedding map of a random sample |
| `forecast` | Forecast: what more labels would bring |
| `label_savings` | Label savings against random sampling |
| `recall_sample` | A random sample of unread items, to prove recall |
| `round_changes` | Accuracy change and prediction churn of a round |
| `span_f1` | Entity F1 on audited texts |
| `weekly_summary` | Weekly summary |
"""
