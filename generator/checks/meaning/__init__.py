"""What only shows when the registry is seen as a whole."""
