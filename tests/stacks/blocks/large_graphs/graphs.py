"""What the tests of large graphs look for in templates."""

from __future__ import annotations

import json
from collections.abc import Callable

from tests.stacks.templates import Template

Synthesise = Callable[[str], dict[str, Template]]


def definitions(templates: dict[str, Template]) -> dict[str, int]:
    """Return how many job definitions each template has."""
    return {name: len(template.of_type("AWS::Batch::JobDefinition")) for name, template in templates.items()}


def starts(rule: dict[str, object], pipeline: str) -> bool:
    return f'"pipeline":"{pipeline}"' in json.dumps(rule).replace("\\", "")
