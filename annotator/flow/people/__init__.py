"""People: accounts, invitations, sign-ins, and what they did.

| module | what it does |
|---|---|
| `accounts` | User accounts |
| `deactivation` | Switch an account off and on; effects on leases and labels |
| `directory` | Lists of people, searched and paged |
| `invitations` | Single-use links to choose a password |
| `last_active` | Last activity of each user |
| `sign_ins` | Sessions and API tokens, and their end |
"""
