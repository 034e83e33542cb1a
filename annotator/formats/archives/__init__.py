"""Files that hold others: what they hold is checked before anything of it is read.

| module | what it holds |
|---|---|
| `names` | Names of members, whatever program packed them |
| `tar_source` | Members of a tar file, packed or not |
| `zip_source` | Members of a ZIP file |
"""
