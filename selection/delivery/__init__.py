"""Delivery: how many of the model's labels may be handed out with a promise, and its proof."""
