"""Sentences about what `flow` found, in the reader's language; shared by pages and API.

| module | what it says |
|---|---|
| `audits` | What the estimate waits for |
| `bulk` | Why the bulk desk has no page |
| `datasets` | What an import, or a look at a file, found |
| `delivery` | What a delivery promises, and its data card |
| `encoder_choice` | Which encoders a project can use, and what they cost |
| `encoders` | What an encoder is, and what is wrong with one |
| `encoding` | How far an encoder is with the items |
| `estimate` | How good the model is, and what would prove the target |
| `forecast` | What more labels would bring |
| `label_savings` | How many labels active learning has saved |
| `labelling` | What became of a decision, and why there is nothing to label |
| `people` | Invitations by mail, the address that others use |
| `progress` | How far a project is, in the words of dashboard and API |
| `recall` | What stands between a project and the recall that it aims for |
| `stopping` | Why a project is paused, and why to stop |
| `strategies` | The names of the strategies, and what each one does |
| `under_way` | What runs in the background, and what failed there |
| `workers` | Whether a worker runs, and what it means if none does |
"""
