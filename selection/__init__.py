"""Pure active learning: arrays in, arrays out, no web framework, no clock, no files, no network.

| module | what it answers |
|---|---|
| `features` | what the model sees: text and pictures become numbers, learnt from the pool itself |
| `models` | a balanced linear model, trained in a moment and stored as plain arrays |
| `scores` | how much each item would teach, judged from class probabilities |
| `diversity` | which items differ from each other |
| `shards` | the exact best of a pool that is scored in pieces |
| `nearest` | the items of a pool that are most like one of them |
| `strategies` | the registry: a name becomes a way of asking |
| `prior` | what another model said of the items before anybody labelled |
| `rare` | the hunt for a rare class |
| `shortlist` | the best candidates of a pool, as the app and the simulator ask for them |
| `surest` | of each class the items that the model is surest of, to be confirmed together |
| `simulate`, `baseline` | the loop replayed on known labels, and what people do without it |
| `savings`, `summary` | what asking well saves, with intervals |
| `worth` | what it saved in one project, of which no random run is known |
| `words` | why an item was picked, as a plain sentence |
| `blending` | how much an item's neighbours should count |
| `duplicates` | copies that are asked only once |
| `estimate`, `difference` | how good it is, with honest intervals |
| `performance` | how good it is at each class, and whether it got better |
| `recall` | how much of a rare class is found, with a bound |
| `stopping`, `curve` | when to stop, and what more labels would bring |
| `overlap` | what each person's answers are worth beside those of others |
| `agreement` | whether people agree, and which labels look wrong |
| `consensus` | what is right where people differ, and who errs how |
| `resampling` | how surely people agree |

Everywhere: `X` features, `y` labels, `proba` (n, C), `scores` (n,), and a higher score means
"ask sooner".
"""
