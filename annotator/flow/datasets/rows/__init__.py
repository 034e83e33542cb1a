"""What becomes of the rows of an import: each has one fate, and a line in the report unless it
became an item as it stood.

| module | what it does |
|---|---|
| `label_names` | What the names of labels in a file mean in the project |
| `paragraphs` | Long texts in paragraphs, each an item |
| `given` | What a row says about its item, with the labels of the project |
| `already_there` | The items that rows meet: by content, or by ID |
| `fates` | Sort rows into new items, changes of items, and others |
| `answers` | Store the answers of a file as annotations |
| `item_updates` | Replace the content of items |
| `report` | The lines of the report, in step with what is committed |
"""
