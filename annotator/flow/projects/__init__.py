"""Projects: settings, members, preferences, and the list of projects.

| module | what it does |
|---|---|
| `edits` | Saves from forms loaded earlier: only what was changed |
| `last_active` | Last activity of each user |
| `locale` | Language of a user |
| `overview` | The list of projects, those that need a decision first |
| `preferences` | Labelling preferences of a user |
| `setting_effects` | When a changed setting takes effect |
| `settings` | Projects, their labels and members |
| `shortcuts` | Keyboard shortcuts |
| `versions` | Three-way merge of concurrent edits |
"""
