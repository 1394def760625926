"""Exact Globe, as Koppel sees it."""
