"""What only shows when the registry is seen as a whole: a module a finding, each with a `RULE` and a `check`."""
