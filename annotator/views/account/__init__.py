"""Pages of an account: sign-in, preferences, language, users."""
