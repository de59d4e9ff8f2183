"""Users, groups, tokens, sessions and what each may do."""
