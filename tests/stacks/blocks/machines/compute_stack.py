"""The compute stack for other settings and queues, and what its queues are made of."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from aws_cdk import App

import app as entry
from sluice.pipeline.definition import Pipeline
from stacks.compute import ComputeStack
from stacks.configuration import Configuration
from tests.stacks.templates import Template, text


def synthesised(configuration: Configuration, *queues: str, owners: Sequence[Pipeline] = ()) -> Template:
    """Return the compute stack's template for another configuration or other queues."""
    app = App()
    ComputeStack(app, "Other", configuration=configuration, queues=queues or ("normal",), owners=owners)
    assembly = app.synth()
    return Template(entry.ROOT, assembly.get_stack_by_name("Other").template)


def environments_of(template: Template) -> dict[str, list[str]]:
    """Return the environments of each queue, in their order, by the beginnings of their logical ids."""

    def order(queue: dict[str, Any]) -> list[str]:
        found = sorted(queue["ComputeEnvironmentOrder"], key=lambda one: int(one["Order"]))
        return [
            re.sub(r"<Machines(\w+?)(Environment)?[0-9A-F]{8}\..*", r"\1", text(one["ComputeEnvironment"]))
            for one in found
        ]

    return {one["JobQueueName"]: order(one) for one in template.properties("AWS::Batch::JobQueue")}
