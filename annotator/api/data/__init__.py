"""Endpoints of data that goes out."""
