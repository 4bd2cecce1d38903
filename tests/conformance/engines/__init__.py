"""The engines that the cases run against, a file each: see `tests/conformance/engine.py`."""
