"""How good spans are: entity F1, agreement between people, consensus and suspects."""
