"""All that a plugin imports."""
