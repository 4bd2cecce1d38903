"""Alerts: what a condition means, as PromQL and as words. Pure, and the same for Grafana and Prometheus."""
