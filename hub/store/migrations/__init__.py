"""Migrations: how the tables came to be what they are, one revision after the other."""

REVISIONS = ("0001", "0002", "0003")
"""All revisions in order, written out so that a start with nothing to do need not load Alembic."""
HEAD = REVISIONS[-1]
