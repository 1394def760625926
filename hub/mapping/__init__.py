"""The mapping: paths, field tables, rules, transforms and policies; pure functions, no I/O."""
