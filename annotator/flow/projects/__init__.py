"""Projects: settings, members, preferences, and the list of projects.

| module | what it does |
|---|---|
| `edits` | Saves from forms loaded earlier: only what was changed |
| `guidelines` | Guidelines: versions, what changed, who confirmed it, pictures |
| `label_edits` | Changes of labels: recorded, listed, undone |
| `label_merge` | One label becomes another: preview, job, undo |
| `label_set` | The label set: names, keys, descriptions, order |
| `locale` | Language of a user |
| `members` | Members, roles, and who may load a project |
| `overview` | The list of projects, those that need a decision first |
| `preferences` | Labelling preferences of a user |
| `setting_effects` | When a changed setting takes effect |
| `settings` | Projects and their settings |
| `shortcuts` | Keyboard shortcuts |
| `versions` | Three-way merge of concurrent edits |
"""
