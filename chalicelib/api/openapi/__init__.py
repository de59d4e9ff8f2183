"""The OpenAPI document, built from the models."""
