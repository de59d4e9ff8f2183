"""The HTTP API, its authorizer and the admin page's files."""
