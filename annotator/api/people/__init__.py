"""Users, invitations, members, sessions and tokens."""
