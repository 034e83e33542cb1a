"""Invitations by mail, and the address that others use."""
