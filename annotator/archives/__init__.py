"""Project archives: one file that moves a project between installations and databases."""
