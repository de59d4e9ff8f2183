"""Clients that three generators make of the OpenAPI document, at work."""
