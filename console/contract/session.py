"""Who asks, what they may do, and how a request is refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from console.contract.limits import MAX_UPLOAD_BYTES


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Why a request was refused; ``missing_permission`` is IAM's action or the role that would permit it."""

    error: str
    """not-signed-in, not-permitted, not-found, wrong-request, wrong-state, aws"""
    message: str
    missing_permission: str | None = None
    sign_in: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Permission:
    """Whether a person may do something; ``missing`` names what they lack: an action of IAM, or a role."""

    allowed: bool
    missing: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Me:
    """Who looks, and what they may do: ``permitted`` has each of ACTIONS, ``start``, ``unpause``,
    ``close-set`` and ``doctor``.

    What the caller's credentials may do is known only once IAM has refused it: until then it is allowed.
    """

    name: str
    roles: tuple[str, ...]
    """watch, operate, administer"""
    permitted: Mapping[str, Permission]
    csrf: str
    deployed: bool
    where: str
    """The account, Region and Sluice, for the page's title."""
    max_upload_bytes: int = MAX_UPLOAD_BYTES


@dataclass(frozen=True, slots=True)
class SignedOut:
    """Where to go after signing out; None: stay."""

    to: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Something is new: of the run, or of the overview (None). The ``version`` is that of RunDetail."""

    run_id: str | None
    version: str
