"""Evaluation: accuracy estimators, learning curve, stopping, recall bound, label savings."""
