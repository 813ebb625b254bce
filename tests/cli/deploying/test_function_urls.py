"""Whether a Region has function URLs."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from cli.deploying.function_urls import region_has_function_urls, with_webhooks
from sluice.pipeline.definition import Job, Manual, Pipeline, Step, Webhook
from tests.sluice.clouds import refused


class Types:
    """A client of CloudFormation that answers, or raises an error."""

    def __init__(self, error: ClientError | None = None) -> None:
        """Raise this error, if there is one."""
        self._error = error

    def describe_type(self, **_: Any) -> dict[str, Any]:
        """Answer."""
        if self._error:
            raise self._error
        return {}


def test_cloudformation_knows_the_types_of_its_region() -> None:
    """Only its own word that there is no such type counts as an answer."""
    assert region_has_function_urls(Types())
    assert not region_has_function_urls(Types(refused("TypeNotFoundException")))
    with pytest.raises(ClientError, match="AccessDenied"):
        region_has_function_urls(Types(refused("AccessDenied")))


def test_pipelines_with_webhooks() -> None:
    """By their names."""
    steps: list[Step] = [Job("a", image="busybox", command=["true"])]
    hooked = Pipeline(name="hooked", triggers=[Webhook()], steps=steps)
    manual = Pipeline(name="manual", triggers=[Manual()], steps=steps)
    assert with_webhooks([hooked, manual]) == ["hooked"]
