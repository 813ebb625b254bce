"""What a test has asked of the harness that it cannot do."""

from __future__ import annotations

from sluice.errors import SluiceError


class HarnessError(SluiceError):
    """A test asked for a run that the pipeline cannot have."""
