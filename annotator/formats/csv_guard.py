"""Cells that a spreadsheet would run as formulas: made harmless, and read again."""

# A spreadsheet runs a cell that begins like this as a formula.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")
# Some programs strip these first, and check again.
SKIPPED_STARTS = " '\""


def guarded(text: str) -> str:
    """Return the text, escaped so that no spreadsheet runs it as a formula."""
    return f"'{text}" if is_formula(text) else text


def unguarded(text: str) -> str:
    """Return the text that was escaped."""
    return text[1:] if text.startswith("'") and is_formula(text[1:]) else text


def is_formula(text: str) -> bool:
    """Return whether a spreadsheet could run the text as a formula."""
    return text.lstrip(SKIPPED_STARTS).startswith(FORMULA_STARTS)
