"""Resumable uploads: the tus protocol, and its endpoints."""

from annotator.api.uploads.endpoints import upload, uploads

__all__ = ["upload", "uploads"]
