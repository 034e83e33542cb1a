"""Pictures: what becomes of one, and the labels that come with many.

| module | what it holds |
|---|---|
| `dicom` | The picture of a DICOM file, without what it says of the patient |
| `label_table` | The table of labels in an archive of pictures |
| `picture_names` | Which part of a table names the pictures |
| `picture` | One picture: decoded, checked and encoded anew |
"""
