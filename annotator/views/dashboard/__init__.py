"""The dashboard, the map, the weekly summary and recall."""
