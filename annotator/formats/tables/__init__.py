"""Tables of any syntax: records with named columns become rows.

| module | what it holds |
|---|---|
| `charsets` | The encoding of a text that is not UTF-8 |
| `class_names` | Names of classes that a file has for numbers |
| `columns` | Which column has which content |
| `csv_shape` | Delimiter, header and title lines of a CSV file |
| `json_objects` | Records within one JSON object |
| `json_shape` | Where the records of a JSON file are |
| `labels` | Labels as files write them |
| `lines` | Encoding and lines of a file |
| `quoting` | Quotation marks that are not as the standard has them |
| `reading` | First look and rows, the same for each syntax |
| `rows` | What a record becomes |
| `wide` | Encodings that the first bytes of a file tell |
"""

from annotator.formats.tables.columns import find_columns
from annotator.formats.tables.rows import LONGEST_VECTOR, as_vector

__all__ = ["LONGEST_VECTOR", "as_vector", "find_columns"]
