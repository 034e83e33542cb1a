"""Setup of a new project, one step per page."""
