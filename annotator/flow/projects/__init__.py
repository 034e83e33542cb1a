"""Projects: settings, members, preferences, and the list of projects."""
