"""What the app does, one module per stage, in the order of an item's way.

| module     | what it does                                    | runs in |
|------------|-------------------------------------------------|---------|
| setup      | a project, its labels, its people               | web     |
| ingest     | a file becomes items                            | worker  |
| featurise  | items become features                           | worker  |
| desk       | how a person works there, and what they see     | web     |
| applying   | when a changed setting holds                    | web     |
| stopping   | a project is paused, or its budget is spent     | web     |
| leasing    | whether anything is handed out, and how much    | web     |
| queue      | who labels what next                            | web     |
| ahead      | what a page holds in advance                    | web     |
| spares     | what it puts by for a lost connection           | web     |
| looks      | what is labelled and in doubt is asked again    | web     |
| idle       | what lies there goes to who has nothing left    | web     |
| aside      | what everybody skipped waits for the lead       | web     |
| decide     | what was decided in a page is settled           | web     |
| annotate   | a decision is stored, corrected, undone         | web     |
| checks     | a known answer is told after a hidden check     | web     |
| disagree   | opinions that differ are noted for the lead     | web     |
| adjudicate | a lead settles them                             | web     |
| own        | what people see of their own work               | web     |
| finding    | items are found by text or by likeness          | web     |
| seeding    | a lead labels what they found                   | web     |
| schedule   | when the next round starts                      | worker  |
| learn      | labels become a model, scores and picks         | worker  |
| refill     | picks become queue entries                      | worker  |
| surest     | what the model is sure of is kept for a page    | worker  |
| bulk       | who confirms which page of sure items           | web     |
| confirming | a page of them is saved, or taken back          | web     |
| second     | which labels are looked at a second time        | worker  |
| consensus  | what is right where people differ               | worker  |
| doubts     | which labels look wrong                         | worker  |
| effect     | what suggestions do to labels                   | worker  |
| spending   | what the labels of a model cost                 | worker  |
| evaluation | the model is measured on audit items            | worker  |
| changes    | what a round changed                            | worker  |
| outlook    | what more labels would bring                    | both    |
| plane      | where the items of a pool lie, for a picture     | worker  |
| worth      | what asking well was worth in random labels     | both    |
| opinions   | what people answered, as tables                 | worker  |
| quality    | whom and what to trust                          | worker  |
| reports    | what else a worker finds out about a project     | worker  |
| screening  | how much of a rare label is found               | both    |
| proving    | a random sample of the unread proves it         | web     |
| prediction | the model judges texts that somebody sends      | web     |
| audits     | which audits are answered, which are missing    | web     |
| estimates  | the accuracy, from one source in one sentence   | web     |
| monitor    | rows become numbers for people                  | web     |
| measured   | what was measured so far, for charts            | web     |
| week       | what was done in a week                         | web     |
| overview   | all projects of a person at a glance            | web     |
| status     | how it all runs, for leads and for machines     | web     |
| export     | labels go out, with how they came about         | web     |
| simulating | labelled data tells beforehand what is saved    | worker  |

Beside them: `versions` merges what several people change at once, `edits` stores what a form that
was loaded earlier changed, `keys` knows what the keys of the desk do, `language` in which language
a person reads, `naming` what labels are called, `label_uses` which labels cannot be removed,
`judged` what was said of each audit item, `last_active` when people were here, `refusals` names
what can be refused on the way, `jobs` is how a worker does a long piece of work, `tally` counts
what is done, `recount` proves that right, `numbers` knows what rounds and models are called,
`tidying` puts right what a crash left half done, `resuming` what a backup caught in the middle,
`damage` has damaged files made again, `strays` ends leases that would stay in nobody's
hands, `outages` tells what is away.
Nothing here enqueues a task or sees a request.
"""
