"""Profiles: what a window says of every series; merged, kept and read back."""
