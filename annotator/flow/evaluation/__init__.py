"""How good the model is and how that changes: audits, forecast, label savings, recall, the map."""
