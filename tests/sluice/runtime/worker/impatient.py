"""The program of a job that gives a thread that is left one second and not twenty."""

import sys

from sluice.runtime.__main__ import run
from sluice.runtime.worker import forked

forked.LEFT_SECONDS = 1.0

if __name__ == "__main__":
    run(sys.argv[1:])
