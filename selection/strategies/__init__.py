"""Query strategies: the registry and its parts."""

from selection.strategies.registry import STRATEGIES

__all__ = ["STRATEGIES"]
