"""Active learning as pure mathematics: arrays in, arrays out; no web framework, clock or network.

Packages in the order of their imports: each one imports only those above it.

| package | contents |
|---|---|
| `core` | array types and checks, distances, exact intervals, item hashes, top k over shards |
| `features` | encoders that turn texts and images into feature matrices, fitted on the pool |
| `scores` | acquisition scores: uncertainty, committee disagreement, expected model change |
| `models` | label spaces, the balanced logistic regression, its committee, a linear SVM |
| `diversity` | k-center, k-means++, BADGE, clusters, near-duplicates, nearest neighbours |
| `strategies` | the registry of query strategies, their candidates, and the reasons they give |
| `agreement` | kappa, alpha, bootstrap intervals, Dawid-Skene consensus, label errors |
| `evaluation` | accuracy and F1 with intervals, learning curves, stopping, recall bounds, savings |
| `delivery` | regions that the model may label, and the proof that few of its labels are wrong |
| `spans` | spans in texts: tokens, their CRF, selection, entity F1 and agreement |
| `simulation` | the annotation loop replayed on labelled data, baselines and comparisons |

Conventions: `X` features (n, d), `y` targets in the shape of their label space, `proba` (n, C),
`scores` (n,). A higher score means that an item should be asked sooner.
"""
