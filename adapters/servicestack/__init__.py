"""The ServiceStack protocol, dialects v3 and later."""
