"""Access to one DynamoDB table. The only package that catches botocore's DynamoDB errors."""
