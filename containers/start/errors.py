"""What can go wrong in a start job beside what goes wrong in every submission."""

from __future__ import annotations

from sluice.errors import SluiceError


class NotStartedError(SluiceError):
    """The run has ended before all of it was submitted, so nothing that waits for the start job may run."""
