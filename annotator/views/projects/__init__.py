"""Pages of a project: list, settings, labels, members, pause."""
