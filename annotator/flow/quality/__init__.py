"""How far to trust annotators and labels: agreement, consensus, label errors, suggestion bias.

| module | what it does |
|---|---|
| `answer_table` | Answers as a table of items by annotators |
| `consensus` | Consensus labels and annotator confusion (Dawid-Skene) |
| `label_errors` | Likely label errors (confident learning) |
| `report` | The quality report of a project |
| `span_agreement` | Agreement of two people on spans |
| `span_suspects` | Likely errors in marked spans |
| `suggestion_bias` | Suggestion bias, measured on blind items |
"""
