"""The generator: a model registry in; metric definitions, dashboards and alert rules out."""
