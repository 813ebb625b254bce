"""What is said of numbers and names: the actions, how much one answer has, a header."""

from __future__ import annotations

ACTIONS = ("retry", "retry-current", "rerun", "cancel")
"""Repeat what failed in the same run; the same with the pipeline's current code; a new run with the same
input; end the run.
"""
MAX_CELLS = 10_000
"""An array has no more children: one request reads all of them."""
MAX_EXACT_CELLS = 500
"""Up to so many cells come with attempts and seconds; more come with states alone."""
MAX_ITEMS = 500
MAX_UPLOAD_BYTES = 5 * 1024**3
PART_BYTES = 4 * 1024**2
"""A Lambda answers with 6 MB at most, in base64, which adds a third:
https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
"""
CSRF_HEADER = "X-Sluice-CSRF"
