"""The CloudFormation stack: its template, its packaging and deployment, and `make local`."""
