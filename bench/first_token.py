#!/usr/bin/env python3
"""Starts a command and prints, as one JSON line, when the first letter of its answer came.

    first_token.py LABEL -- COMMAND ARGS...

first_s   seconds from start to the first byte on standard output: what a user waits for
wall_s    seconds from start to exit
cpu_s     user and system seconds of the command and all its children
prompt_s  of first_s, what the program says that the prompt took, if it says so on standard error
"""
import json
import re
import resource
import subprocess
import sys
import tempfile
import time


def main() -> int:
    label, command = sys.argv[1], sys.argv[sys.argv.index("--") + 1:]
    with tempfile.TemporaryFile() as errors:
        start = time.monotonic()
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, bufsize=0)
        process.stdout.read(1)
        first = time.monotonic() - start
        process.stdout.read()
        code = process.wait()
        wall = time.monotonic() - start
        errors.seek(0)
        said = errors.read().decode()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    prompt = re.search(r"first after ([0-9.]+) s", said)
    print(json.dumps({"label": label, "exit": code, "first_s": round(first, 3), "wall_s": round(wall, 3),
                      "cpu_s": round(used.ru_utime + used.ru_stime, 3),
                      "prompt_s": float(prompt[1]) if prompt else None}))
    if code:
        sys.stderr.write(said)
    return code


if __name__ == "__main__":
    sys.exit(main())
