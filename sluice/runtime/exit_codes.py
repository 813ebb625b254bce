"""The exit codes of a job."""

from __future__ import annotations

FAILED = 1
NOT_STARTED = 64
"""The job was started with words or settings that no deploy gives it (EX_USAGE of sysexits.h)."""
TRY_AGAIN = 75
"""Another attempt may succeed (EX_TEMPFAIL of sysexits.h); the retry rules of job definitions know it."""
SUPERSEDED = 76
"""The ledger has another job for the step, or none any more: nothing was done (EX_PROTOCOL)."""
SIGNALLED = 128
"""A process that signal n ended has the code 128 + n, as in a shell."""
STOPPED = 143
