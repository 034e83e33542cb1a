"""Sentences about files, about their imports, and about archives of projects."""
