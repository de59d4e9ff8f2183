"""AWS's own DynamoDB Local, the second engine of the registry's tests."""
