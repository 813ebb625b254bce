"""The handler of the webhook Lambda, and a schema for it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from stacks.blocks.webhook_schema import MODULE, write_schema
from tests.lambdas.conftest import Aws
from tests.lambdas.webhook.hooks import Hook


@pytest.fixture
def hook(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Hook]:
    """Return handlers."""
    return lambda form="standard", **settings: Hook(aws, monkeypatch, form, **settings)


@pytest.fixture
def schema(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A schema's module, as the layer brings it."""
    wanted = {
        "type": "object",
        "properties": {"a": {"items": {"type": "integer", "multipleOf": 0.5}}},
        "required": ["a"],
        "additionalProperties": False,
    }
    write_schema(tmp_path, wanted)
    monkeypatch.syspath_prepend(str(tmp_path))
    sys.modules.pop(MODULE, None)
    yield MODULE
    sys.modules.pop(MODULE, None)
