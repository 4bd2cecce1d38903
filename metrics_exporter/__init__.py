"""The warehouse-backed exporter: metric definitions and a prediction log in, Prometheus exposition out."""
