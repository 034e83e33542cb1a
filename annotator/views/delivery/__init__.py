"""Deliver: what can be handed out, its proof, and what was frozen."""
