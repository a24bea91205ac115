#!/usr/bin/env python3
"""Runs a command and prints what it cost, as one JSON line after the command's own output.

    measure.py LABEL -- COMMAND ARGS...

wall_s      seconds from start to exit
cpu_s       user and system seconds of the command and all its children
anon_mb     peak of RssAnon (memory that belongs to the process: mapped files do not count), summed
            over the process and its children, sampled every 20 ms from /proc/PID/status
rss_mb      the same for VmRSS, mapped files included
"""
import json
import os
import resource
import subprocess
import sys
import threading
import time
from pathlib import Path


def family(root: int) -> list[int]:
    """The process and all that it started."""
    found, queue = [], [root]
    while queue:
        pid = queue.pop()
        found.append(pid)
        for children in Path(f"/proc/{pid}/task").glob("*/children"):
            try:
                queue += [int(child) for child in children.read_text().split()]
            except OSError:
                pass
    return found


def memory(pid: int) -> dict[str, int]:
    """RssAnon and VmRSS of one process in kB; nothing if it has ended."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return {}
    return {key: int(rest.split()[0]) for key, _, rest in (line.partition(":") for line in lines)
            if key in ("RssAnon", "VmRSS")}


def main() -> int:
    label, command = sys.argv[1], sys.argv[sys.argv.index("--") + 1:]
    peak = {"RssAnon": 0, "VmRSS": 0}
    start = time.monotonic()
    process = subprocess.Popen(command)
    done = threading.Event()

    def sample() -> None:
        while not done.wait(0.02):
            parts = [memory(pid) for pid in family(process.pid)]
            for key in peak:
                peak[key] = max(peak[key], sum(part.get(key, 0) for part in parts))

    sampler = threading.Thread(target=sample)
    sampler.start()
    code = process.wait()
    wall = time.monotonic() - start
    done.set()
    sampler.join()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(json.dumps({"label": label, "exit": code, "wall_s": round(wall, 2),
                      "cpu_s": round(used.ru_utime + used.ru_stime, 2),
                      "anon_mb": round(peak["RssAnon"] / 1024), "rss_mb": round(peak["VmRSS"] / 1024)}))
    return code


if __name__ == "__main__":
    sys.exit(main())
