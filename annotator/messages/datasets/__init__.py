"""Sentences about files, and about their imports."""
