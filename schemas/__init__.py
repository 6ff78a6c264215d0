"""Published APIs: their messages, operations, credentials and faults. They know no bytes."""
