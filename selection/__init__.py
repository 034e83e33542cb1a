"""Pure active learning: arrays in, arrays out, no web framework, no clock, no files, no network.

| module | what it answers |
|---|---|
| `features` | what the model sees: text and pictures become numbers, learnt from the pool itself |
| `models` | a balanced linear model, trained in a moment and stored as plain arrays |
| `scores` | how much each item would teach, judged from class probabilities |
| `diversity` | which items differ from each other |
| `shards` | the exact best of a pool that is scored in pieces |
| `strategies` | the registry: a name becomes a way of asking |
| `words` | why an item was picked, as a plain sentence |
| `estimate`, `stopping`, `agreement` | how good it is, when to stop, whether people agree |

Everywhere: `X` features, `y` labels, `proba` (n, C), `scores` (n,), and a higher score means
"ask sooner".
"""
