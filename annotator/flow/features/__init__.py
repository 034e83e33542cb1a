"""Items become feature shards.

| module | what it does |
|---|---|
| `encode` | Fit an encoder on a sample, then encode each shard |
"""
