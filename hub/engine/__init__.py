"""The engine: one module per step of a record's path, and what keeps flows and connections."""
