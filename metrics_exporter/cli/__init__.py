"""The exporter's commands, of the same `driftgauge` group."""
