"""The generated parts of the documentation say what the code says."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from hub.config import SETTINGS

ROOT = Path(__file__).resolve().parent.parent.parent


def test_the_generated_parts_are_up_to_date() -> None:
    check = subprocess.run(
        [sys.executable, "tools/docs.py", "--check"],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert check.returncode == 0, check.stdout + check.stderr


def test_every_setting_is_in_the_manual() -> None:
    manual = "".join(page.read_text(encoding="utf-8") for page in (ROOT / "docs").glob("*.md"))
    assert [s.name for s in SETTINGS if f"`{s.name}`" not in manual] == []
