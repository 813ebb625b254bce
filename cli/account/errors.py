"""The error of an account that cannot take a deploy."""

from __future__ import annotations

from sluice.errors import SluiceError


class AccountError(SluiceError):
    """The account cannot take this deploy; the message says why and what to do."""
