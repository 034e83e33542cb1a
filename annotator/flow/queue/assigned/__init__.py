"""Assigned items: only the people of an assignment get them, and before all others.

An assignment of items puts them behind all ranked entries, where no claim of others passes them; a
refill leaves them there. An assignment of a share takes its part of what each refill and top-up
adds. A project without assignments costs a claim nothing.

| module | what it does |
|---|---|
| `claims` | Whose assignments a claim looks at, and what falls to a share |
| `assigning` | Items, or a share of the queue, are assigned |
| `ending` | Assignments end: revoked, over, done |
| `standing` | How far assignments are |
"""
