"""What the app does, one module per stage, in the order of an item's way.

| module     | what it does                                    | runs in |
|------------|-------------------------------------------------|---------|
| setup      | a project, its labels, its people               | web     |
| ingest     | a file becomes items                            | worker  |
| featurise  | items become features                           | worker  |
| desk       | how a person works there, and what they see     | web     |
| queue      | who labels what next                            | web     |
| annotate   | a decision is stored, corrected, undone         | web     |
| schedule   | when the next round starts                      | worker  |
| learn      | labels become a model, scores and picks         | worker  |
| refill     | picks become queue entries                      | worker  |
| evaluation | the model is measured on audit items            | worker  |
| prediction | the model judges texts that somebody sends      | web     |
| monitor    | rows become numbers for people                  | web     |
| export     | labels go out, with how they came about         | web     |
| simulating | labelled data tells beforehand what is saved    | worker  |

Beside them: `keys` knows what the keys of the desk do, `language` in which language a person reads,
`refusals` names what can be refused on the way, `jobs` is how a worker does a long piece of work,
`tally` counts what is done, `numbers` knows what rounds and models are called, `tidying` puts right
what a crash left half done. Nothing here enqueues a task or sees a request.
"""
