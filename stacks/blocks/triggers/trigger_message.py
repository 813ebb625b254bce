"""The message that every trigger sends to the trigger queue: a ``sluice.messages.Triggered``, put together by
AWS.
"""

from __future__ import annotations

import json

from sluice.messages import VERSION
from stacks.blocks.triggers.definition import Definition


def triggered(pipeline: str, trigger: str, definition: Definition, detail: str, **more: int) -> str:
    """Return the message's text; ``detail`` is a JSON text, or a placeholder that AWS replaces by one.

    ``trigger`` must depend on nothing but the trigger, because a run's id is made from it. ``more`` are
    further fields of the message.
    """
    location = f'{{"bucket":"{definition.bucket}","key":"{definition.key}"}}'
    return message(json.dumps(pipeline), trigger, location, detail, **more)


def message(pipeline: str, trigger: str, definition: str, detail: str, **more: int) -> str:
    """Return the text of a message whose parts, but for the trigger's name, are JSON texts already."""
    parts = {
        "pipeline": pipeline,
        "trigger": json.dumps(trigger),
        "definition": definition,
        "detail": detail,
        "version": str(VERSION),
    }
    parts |= {name: str(number) for name, number in more.items()}
    return "{" + ",".join(f'"{name}":{value}' for name, value in parts.items()) + "}"
