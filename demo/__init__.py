"""The demo: a real year of flights as a prediction log, and everything else run over it."""
