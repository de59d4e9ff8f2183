"""A model of what the emulator lacks: a DynamoDB table with limits, and AWS services in memory, in model time."""
