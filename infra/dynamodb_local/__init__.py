"""AWS's own DynamoDB Local: a second engine for the tests of members, access and imports."""
