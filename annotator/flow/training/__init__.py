"""Rounds: when one starts, how a model is trained and the pool scored, and its predictions.

| module | what it does |
|---|---|
| `confident_items` | The most confident items of a round, for bulk pages |
| `predict` | Predictions for texts that a client sends |
| `schedule` | When a round starts |
| `score` | Score: each shard's predictions, and its best candidates |
| `select` | Select: the candidates of all shards become picks |
| `train` | Train: labels become a model |
"""
