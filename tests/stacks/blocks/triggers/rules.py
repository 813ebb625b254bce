"""The rules of the pipelines stack, and the messages that they send."""

from __future__ import annotations

import json
from typing import Any

from sluice.messages import GroupedUpload, Triggered
from tests.stacks.templates import Template, text


def rules_of(pipelines: Template, source: str = "") -> list[dict[str, Any]]:
    """Return the rules that match events, or those that match a source's."""
    rules = [rule for rule in pipelines.properties("AWS::Events::Rule") if "EventPattern" in rule]
    return [rule for rule in rules if source in ("", *rule["EventPattern"]["source"])]


def message_of(rule: dict[str, Any], detail: str = "{}") -> Triggered:
    """Return the message that a rule writes of an event."""
    body = text(rule["Targets"][0]["InputTransformer"]["InputTemplate"]).replace("<detail>", detail)
    return (GroupedUpload if "within" in json.loads(body) else Triggered).from_json(body)


def requests(pipelines: Template) -> dict[str, Triggered]:
    """Return what each rule for requests writes, by the pipeline that it starts."""
    rules = rules_of(pipelines, "sluice")
    templates = [text(rule["Targets"][0]["InputTransformer"]["InputTemplate"]) for rule in rules]
    messages = [
        Triggered.from_json(one.replace("<detail>", '{"pipeline": "p", "token": "t", "input": 5}'))
        for one in templates
    ]
    return {message.pipeline: message for message in messages}
