"""What a single key or value can have wrong."""
