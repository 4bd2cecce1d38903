"""What can be wrong in a file before it means anything."""
