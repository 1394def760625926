"""`python -m hub`: the same as the command `koppel`."""

from __future__ import annotations

from hub.ops import lifeline

# First of all: a process that the supervisor started must not outlive it, not even while loading.
lifeline.attach()

if __name__ == "__main__":
    from hub.cli import main

    main()
