"""Files that hold others: what they hold is checked before anything of it is read.

| module | what it holds |
|---|---|
| `folder_source` | Files of a folder on the server |
| `listed_source` | Files fetched from a bucket, by its listing |
| `names` | Names of members, whatever program packed them |
| `packed_tables` | Readers of the tables that lie in an archive |
| `sources` | What opens an archive, by the kind of its content |
| `tar_source` | Members of a tar file, packed or not |
| `zip_source` | Members of a ZIP file |
"""
