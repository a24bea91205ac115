"""Starts phiquant with the Java that lies beside this file."""

import os
import subprocess
import sys


def main():
    programs = os.path.join(os.path.dirname(os.path.abspath(__file__)), "runtime", "bin")
    # Where phiquant needs pip, the one that brought it will do.
    os.environ.setdefault("PHIQUANT_PYTHON", sys.executable)
    if os.name == "nt":
        sys.exit(subprocess.call([os.path.join(programs, "phiquant.cmd"), *sys.argv[1:]]))
    launcher = os.path.join(programs, "phiquant")
    os.execv(launcher, [launcher, *sys.argv[1:]])


if __name__ == "__main__":
    main()
