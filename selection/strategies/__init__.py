"""Strategies: the registry, and what the strategies in it are made of."""

from selection.strategies.registry import STRATEGIES

__all__ = ["STRATEGIES"]
