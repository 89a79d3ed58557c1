"""The rules from position to error."""
