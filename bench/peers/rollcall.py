"""Rollcall as Lambda runs it: the Chalice app, called with API Gateway's event."""

from app import app as handler
from chalicelib.config import dynamodb as client

__all__ = ["client", "handler"]
