"""Koppel: a self-hosted hub that keeps business systems in step."""

__version__ = "0.1.0"
