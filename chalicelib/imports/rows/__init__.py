"""What a row says: columns, the member that it describes, outcomes, warnings."""
