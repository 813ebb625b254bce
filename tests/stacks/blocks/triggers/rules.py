"""The rules of the pipelines stack, and the messages that they send."""

from __future__ import annotations

import json
from typing import Any

from sluice.messages import GroupedUpload, SetUpload, Triggered
from sluice.triggers.request_event import DETAIL_TYPE
from tests.stacks.templates import Template, text


def rules_of(pipelines: Template, source: str = "") -> list[dict[str, Any]]:
    """Return the rules that match events, or those that match a source's."""
    rules = [rule for rule in pipelines.properties("AWS::Events::Rule") if "EventPattern" in rule]
    return [rule for rule in rules if source in ("", *rule["EventPattern"]["source"])]


def message_of(rule: dict[str, Any], detail: str = "{}") -> Triggered:
    """Return the message that a rule writes of an event."""
    body = text(rule["Targets"][0]["InputTransformer"]["InputTemplate"]).replace("<detail>", detail)
    names = json.loads(body).keys()
    kind = GroupedUpload if "within" in names else SetUpload if "rules" in names else Triggered
    return kind.from_json(body)


def request_rules(pipelines: Template) -> list[dict[str, Any]]:
    """Return the rules for requests; chains have rules for other events of Sluice's."""
    found = rules_of(pipelines, "sluice")
    return [rule for rule in found if rule["EventPattern"]["detail-type"] == [DETAIL_TYPE]]


def requests(pipelines: Template) -> dict[str, Triggered]:
    """Return what each rule for requests writes, by the pipeline that it starts."""
    rules = request_rules(pipelines)
    templates = [text(rule["Targets"][0]["InputTransformer"]["InputTemplate"]) for rule in rules]
    messages = [
        Triggered.from_json(one.replace("<detail>", '{"pipeline": "p", "token": "t", "input": 5}'))
        for one in templates
    ]
    return {message.pipeline: message for message in messages}
