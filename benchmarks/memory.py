"""Memory of a run: does it grow with the number of orders?

    python -m benchmarks.memory [--few 1000] [--many 20000] [--check]

Each run has a process, a home and fresh sandboxes of its own; what counts is the most memory that
the process has ever had (its peak resident set).
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
from contextlib import ExitStack

from benchmarks.orders import hub, sandbox

ALLOWED_MB = 20


def one(orders: int) -> None:
    """Run so many orders in this process; print its peak in MB."""
    with ExitStack() as stack:
        shop = stack.enter_context(
            sandbox("koppel_ccvshop.sandbox", orders=orders, rate_limits=False)
        )
        erp = stack.enter_context(sandbox("koppel_exact_globe.sandbox"))
        result = hub(shop, erp)
    assert result.orders == orders, result
    unit = 1 if sys.platform == "darwin" else 1024
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1024**2, result.seconds)


def measured(orders: int) -> tuple[float, float]:
    """Peak in MB and seconds of a run in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.memory", "--one", str(orders)]
    peak, seconds = subprocess.run(
        command, capture_output=True, text=True, check=True
    ).stdout.split()
    return float(peak), float(seconds)


def main() -> None:
    """Print both peaks and their difference."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--few", type=int, default=1_000)
    parser.add_argument("--many", type=int, default=20_000)
    parser.add_argument("--one", type=int)
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    if options.one:
        one(options.one)
        return
    few, few_seconds = measured(options.few)
    print(f"{options.few:7,} orders: {few:6.1f} MB at most, {few_seconds:7.1f} s", flush=True)
    many, many_seconds = measured(options.many)
    print(f"{options.many:7,} orders: {many:6.1f} MB at most, {many_seconds:7.1f} s")
    print(f"grows by {many - few:.1f} MB   (promised: at most {ALLOWED_MB})")
    if options.check and many - few > ALLOWED_MB:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
