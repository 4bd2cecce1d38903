"""What can be wrong in a registry: a module a finding.

`syntax` is what can be wrong in a file before it means anything, `shape` what a single value can have wrong, and
`meaning` what only shows when the registry is seen as a whole. Each module has a `RULE`, the code that finds it, a
page in `docs/findings/` (`pages` is a link to it, so that an installed driftgauge has them, too) and a test in
`tests/scenarios/findings/`.
"""
