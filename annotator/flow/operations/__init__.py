"""Health, background reports, clean-up, and checks of the stored counts."""
