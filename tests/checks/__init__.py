"""Rules over many files or texts: each is one test, which lists every offender."""
