"""Users, groups, tokens and sessions, and the permissions that each has."""
