"""What longvid costs, each row beside the work that it is measured against, in one run: ``make bench``.

    python benchmarks/bench.py                     # all rows, on fixtures of a minute
    python benchmarks/bench.py --minutes 10 --only 1,2 --write docs/performance.md
    python benchmarks/bench.py --only 5 --meetings ../shared/data/meetings

Values are ratios of processor time (user and system, of children too), taken in turns in this run, so that a machine
that others use gives nearly the same. Fixtures are generated. Rows that were not run say so.
"""

from __future__ import annotations

import argparse
import math
import os
import sys
import tempfile
from pathlib import Path

from bench_rows import MEASURED, NOT_RUN, BenchRow, meetings

MARK = "<!-- make bench -->"


def main() -> None:
    """Measure, print the table, and write it where ``--write`` says."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=1.0, help="length of the generated videos")
    parser.add_argument("--cache", type=Path, help="where fixtures are kept from run to run")
    parser.add_argument("--only", help="rows, such as 1,4,5")
    parser.add_argument("--write", type=Path, help="the page whose table is replaced")
    parser.add_argument("--meetings", type=Path, help="transcripts of real meetings, for row 8")
    options = parser.parse_args()
    wanted = (options.only or ",".join(MEASURED)).split(",")
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    rows: list[BenchRow] = []
    with tempfile.TemporaryDirectory() as fresh:
        place = options.cache or Path(fresh)
        place.mkdir(parents=True, exist_ok=True)
        for number in wanted:
            for row in MEASURED[number](place, options.minutes):
                print(line(row), flush=True)
                rows.append(row)
        if options.meetings:
            rows.append(meetings(place, options.meetings))
            print(line(rows[-1]), flush=True)
    if not options.only:
        for row in NOT_RUN:
            print(line(row))
            rows.append(row)
    if options.write:
        write(options.write, rows)


def write(page: Path, rows: list[BenchRow]) -> None:
    """Put rows into the table of a page; those that were not measured now stay as they were."""
    before, table, after = page.read_text(encoding="utf-8").split(MARK)
    known = {old.split("|")[1].strip() for old in table.splitlines() if old.startswith("| ")}
    rows = [row for row in rows if row not in NOT_RUN or row.number not in known]
    now = {row.number for row in rows}
    stay = [
        old
        for old in table.splitlines()
        if old.startswith("| ") and old.split("|")[1].strip() not in {"#", *now}
    ]
    found = sorted([*stay, *map(line, rows)], key=_place)
    head = ["| # | what | goal | value | counters, and what was measured |", "|---|---|---|---|---|"]
    page.write_text(MARK.join([before, "\n".join(["", *head, *found, ""]), after]), encoding="utf-8")


def _place(row: str) -> float:
    number = row.split("|")[1].strip()
    return float(number) if number.isdigit() else math.inf


def line(row: BenchRow) -> str:
    """A row of the table."""
    return f"| {row.number} | {row.what} | {row.goal} | {row.value} | {row.counters} |"


if __name__ == "__main__":
    sys.exit(main())
