"""Rounds: when one starts, how a model is trained and the pool scored, and its predictions.

| module | what it does |
|---|---|
| `confident_items` | The most confident items of a round, for bulk pages |
| `label_preview` | What the texts of the labels say of a few items |
| `pool_predictions` | What the newest model says of every item |
| `predict` | Predictions for texts that a client sends |
| `schedule` | When a round starts |
| `score` | Score: each shard's predictions, and its best candidates |
| `select` | Select: the candidates of all shards become picks |
| `span_rounds` | Rounds of spans: learn, score, pick |
| `train` | Train: labels become a model |
| `zero_shot` | Zero-shot start: the texts of the labels judge the items |
"""
