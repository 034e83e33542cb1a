"""Rounds: when one starts, how a model is trained and the pool scored, and its predictions."""
