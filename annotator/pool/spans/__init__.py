"""Spans as arrays and files: the labelled texts, and the models that read them."""
