"""Answers: one module per kind of answer."""
