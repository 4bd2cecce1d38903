"""What is due, what is remembered, and a round of the work."""
