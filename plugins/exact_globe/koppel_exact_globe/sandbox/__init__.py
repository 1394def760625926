"""A pretend Exact Globe entity service, faked strictly, for the demo and for tests."""

from __future__ import annotations

from .app import create_app

__all__ = ["create_app"]
