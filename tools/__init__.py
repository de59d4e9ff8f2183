"""Tools for developers and operators. Nothing here runs in Lambda."""
