"""The messages that triggers send to the trigger queue, put together by AWS: a
``sluice.messages.Triggered``, and a ``CatchUp``.
"""

from __future__ import annotations

import json

from sluice.messages import VERSION
from stacks.blocks.triggers.definition import Definition


def triggered(pipeline: str, trigger: str, definition: Definition, detail: str, **more: int | str) -> str:
    """Return the message's text; ``detail`` is a JSON text, or a placeholder that AWS replaces by one.

    ``trigger`` must depend on nothing but the trigger, because a run's id is made from it. ``more`` are
    further fields of the message.
    """
    return message(json.dumps(pipeline), trigger, _location(definition), detail, **more)


def catch_up(pipeline: str, definition: Definition) -> str:
    """Return the text of the message that asks for the missed times of a pipeline's schedules."""
    return f'{{"catch_up":{json.dumps(pipeline)},"definition":{_location(definition)},"version":{VERSION}}}'


def _location(definition: Definition) -> str:
    return f'{{"bucket":"{definition.bucket}","key":"{definition.key}"}}'


def message(pipeline: str, trigger: str, definition: str, detail: str, **more: int | str) -> str:
    """Return the text of a message whose parts, but for the trigger's name, are JSON texts already."""
    parts = {
        "pipeline": pipeline,
        "trigger": json.dumps(trigger),
        "definition": definition,
        "detail": detail,
        "version": str(VERSION),
    }
    parts |= {name: str(text) for name, text in more.items()}
    return "{" + ",".join(f'"{name}":{value}' for name, value in parts.items()) + "}"
