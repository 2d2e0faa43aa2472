"""All benchmarks that have a target, in one table.

    python benchmarks [--runs 7]

It takes about half an hour on two processors, which nothing else should use.
"""

import argparse

import percolation
import scale
import speed
import startup
import sweep
from side_by_side import header


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=7, help="alternating runs")
    runs = parser.parse_args().runs
    header()
    startup.rows(runs)
    percolation.rows(runs, huge=True)
    speed.rows(runs)
    sweep.rows(runs, with_quick=True)
    scale.rows(runs)


if __name__ == "__main__":
    main()
