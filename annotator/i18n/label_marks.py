"""Placeholders of labels in stored sentences, which name them by their ids."""

import re

# No name and no sentence contains these characters.
MARK, MARK_END = "\x02", "\x03"
MARKED = re.compile(f"{MARK}([0-9]+){MARK_END}")
# A placeholder at the end of a sentence that was cut.
BROKEN = re.compile(f"{MARK}[0-9]*$")
