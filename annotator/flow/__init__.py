"""The stages of an item, one package each, listed from the ground up.

| package | what it does |
|---|---|
| `labels` | Labels: stored ids and shown names |
| `review` | Second opinions, gold items, disagreements |
| `features` | Items become feature shards |
| `progress` | Counts, the newest estimate, stopping |
| `queue` | Who labels what next |
| `training` | Labels become a model, scores and picks |
| `evaluation` | How good the model is, and how that changes |
| `quality` | How far to trust annotators and labels |
| `annotation` | Labels are saved, corrected, undone |
| `projects` | Projects, settings, members, preferences |
| `people` | Accounts, invitations, activity |
| `datasets` | Import, export, removal |
| `items` | Items found, shown, answered, sent back |
| `delivery` | Labels of people and model handed out with a proven promise |
| `simulation` | The loop on labelled data, before anybody labels |
| `operations` | Health, background reports, clean-up |
| `archiving` | Projects moved by an archive, and copied |

The way of an item: `datasets.importing` -> `features.encode` -> `queue.refill` ->
`queue.leasing` -> `annotation.submit` -> `training.schedule` -> `training.train` ->
`training.score` -> `training.select` -> `queue.refill` -> `evaluation.audit_accuracy` ->
`quality.report` -> `datasets.export`.

Nothing here enqueues a task or sees a request.
"""
