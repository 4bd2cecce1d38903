"""The spec: what a registry file may say. YAML or Jsonnet → strict, typed input with the place of every key."""
