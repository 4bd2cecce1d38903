"""How far a window's values are from those of a reference, and how far chance alone would take them."""
