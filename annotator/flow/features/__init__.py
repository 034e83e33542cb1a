"""Items become feature shards.

| module | what it does |
|---|---|
| `encode` | Fit an encoder on a sample, then encode each shard |
| `changed_items` | Features of items whose content changed |
| `encoder_choice` | Choice of the pretrained encoder of a project |
| `encoder_costs` | What each encoder would cost for a pool, and which one is in use |
| `vectors` | Vectors of a pretrained encoder, in the background, slice by slice |
| `vector_space` | Features made of the pool's own and of vectors |
| `encoding_state` | How far a pretrained encoder is, in figures and in words |
"""
