"""What an import is: its options, state, steps and costs; how it lies in the table and the bucket."""
