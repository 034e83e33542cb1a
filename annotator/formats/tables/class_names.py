"""Names of classes that a file has for the numbers in a column, as Hugging Face writes them."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

# Where the library keeps the types of its columns.
KEY = b"huggingface"


def of_schema(metadata: Mapping[bytes, bytes], label_names: set[str]) -> dict[str, list[str]]:
    """Return the names of the classes by column; not where the numbers themselves are labels."""
    try:
        features = json.loads(metadata.get(KEY, b"{}"))["info"]["features"]
    except (ValueError, KeyError, TypeError):
        return {}
    if not isinstance(features, dict):
        return {}
    found = {column: _names(feature) for column, feature in features.items()}
    return {
        column: names
        for column, names in found.items()
        if names and not any(str(number) in label_names for number in range(len(names)))
    }


def of_features(features: Any) -> dict[str, list[str]]:
    """Return the names of the classes by column, from the list that the server sends with rows."""
    if not isinstance(features, list):
        return {}
    told = (each for each in features if isinstance(each, dict) and each.get("name"))
    found = {str(each["name"]): _names(each.get("type")) for each in told}
    return {column: names for column, names in found.items() if names}


def _names(feature: Any) -> list[str]:
    """Return the names of a class label, or of a sequence of some."""
    if not isinstance(feature, dict):
        return []
    names = feature.get("names")
    if feature.get("_type") == "ClassLabel" and isinstance(names, list):
        return [str(name) for name in names]
    return _names(feature.get("feature"))


def named(
    records: Iterator[tuple[int, Any]], classes: Mapping[str, list[str]]
) -> Iterator[tuple[int, Any]]:
    """Yield the records with names in place of the numbers of classes."""
    for number, record in records:
        if isinstance(record, dict):
            for column in classes.keys() & record.keys():
                record[column] = _named(record[column], classes[column])
        yield number, record


def _named(value: Any, names: list[str]) -> Any:
    if isinstance(value, list):
        return [_named(each, names) for each in value]
    is_number = isinstance(value, int) and not isinstance(value, bool)
    # A class label of -1 stands for none.
    if is_number and value == -1:
        return None
    return names[value] if is_number and 0 <= value < len(names) else value
