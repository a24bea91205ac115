#!/usr/bin/env python3
"""Prints a Markdown table from the JSON lines of measure.py.

    ratios.py LOG OURS PEER [PEER_PART...]

The rows whose label starts with OURS are each compared with the sum of the peer's rows (its steps run
one after the other: times add up, memory is the largest).
"""
import json
import sys
from pathlib import Path


def main() -> None:
    log, ours, *peers = sys.argv[1:]
    rows = [json.loads(line) for line in Path(log).read_text().splitlines() if line.startswith('{"label"')]
    mine = [row for row in rows if row["label"].startswith(ours)]
    theirs = [row for row in rows if row["label"] in peers]
    wall = sum(row["wall_s"] for row in theirs)
    anon = max((row["anon_mb"] for row in theirs), default=0)
    print("| run | wall s | CPU s | RssAnon MB | peer wall / ours | peer RssAnon / ours |")
    print("|---|---|---|---|---|---|")
    for row in theirs:
        print(f"| {row['label']} | {row['wall_s']} | {row['cpu_s']} | {row['anon_mb']} | | |")
    for row in mine:
        faster = f"{wall / row['wall_s']:.1f}×" if wall else ""
        smaller = f"{anon / max(1, row['anon_mb']):.1f}×" if anon else ""
        print(f"| {row['label']} | {row['wall_s']} | {row['cpu_s']} | {row['anon_mb']} | {faster} | {smaller} |")


if __name__ == "__main__":
    main()
