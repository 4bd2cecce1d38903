"""What is served: the snapshot, its text, HTTP, and the status page."""
