"""Tools for developers and operators; nothing here runs in Lambda."""
