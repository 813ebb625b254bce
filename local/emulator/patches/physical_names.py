"""Mended: the names that CloudFormation makes up, where they are too long."""

from __future__ import annotations

from typing import Any

from ministack.services.cloudformation import provisioners

SUFFIX = 13
"""Characters that tell names of one beginning apart, as ministack makes them; AWS's are 12 or 13."""


def cut_names_evenly() -> None:
    """Cut the stack's name and the logical id evenly where a made-up name is too long; ministack keeps the
    stack's name whole, so that policies which know names by their beginning would match here and not on AWS.
    """
    name = provisioners._physical_name

    def physical_name(stack: str, logical_id: str, *, max_len: int = 128, **more: Any) -> str:
        whole = str(name(stack, logical_id, max_len=max_len, **more))
        kept = f"{stack}-{logical_id}-"
        if len(kept) + SUFFIX <= max_len:
            return whole
        cut = made_up_name(stack, logical_id, whole[-SUFFIX:], max_len)
        return cut.lower() if more.get("lowercase") else cut

    provisioners._physical_name = physical_name


def made_up_name(stack: str, logical_id: str, suffix: str, longest: int) -> str:
    """Return the name that CloudFormation makes up for a resource; what one part does not need of its half
    the other has.
    """
    room = longest - len(suffix) - 2
    half = room // 2
    first = stack[: max(half, room - len(logical_id))]
    return f"{first}-{logical_id[: room - len(first)]}-{suffix}"
