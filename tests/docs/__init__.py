"""Docs, README and CONTRIBUTING: their links, commands and statements."""
