"""The wizard: two systems, what to couple, the questions, a look, a test, and live."""

from __future__ import annotations

from hub.web.wizard import coupling_steps, live_step, question_step, record_steps
from hub.web.wizard.frame import bp

__all__ = ["bp", "coupling_steps", "live_step", "question_step", "record_steps"]
