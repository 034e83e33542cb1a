"""Dates as people write them, one module a language."""
