"""People of the installation: accounts, links, sessions and tokens."""
