"""Queues, environments and policies get the tags that CloudFormation could not change."""

from __future__ import annotations

from typing import Any

from cli.account.batch_tags import tag_batch_resources
from cli.account.own_queues import environments_of, queues_of
from local.batch.engine import Engine
from sluice.pipeline.definition import Job, Manual, Pipeline
from stacks.configuration import Configuration


class Batch:
    """AWS Batch as our engine has it."""

    def __init__(self, engine: Engine) -> None:
        self.api = engine.api

    def get_paginator(self, operation_name: str) -> Any:
        """Return what reads the one page."""
        operation = "".join(word.capitalize() for word in operation_name.split("_"))
        return type(
            "Pages", (), {"paginate": lambda _, **parameters: [self.api.call(operation, parameters)]}
        )()

    def tag_resource(self, **parameters: Any) -> None:
        """Tag a resource."""
        self.api.call("TagResource", parameters)


def test_what_lacks_a_tag_gets_it_and_keeps_those_of_others() -> None:
    """Of this Sluice's queues alone, whose names begin with its prefix; a second time there is nothing to
    do.
    """
    with Engine() as engine:
        arns: dict[str, Any] = {}
        for name in ("used", "own", "unused"):
            made = {
                "computeEnvironmentName": name,
                "type": "UNMANAGED",
                "serviceRole": "arn:aws:iam::0:role/x",
            }
            arns[name] = engine.api.call("CreateComputeEnvironment", made)["computeEnvironmentArn"]
        policy = engine.api.call("CreateSchedulingPolicy", {"name": "fair", "fairsharePolicy": {}})["arn"]
        for queue, used in (
            ("Sluice_normal", "used"),
            ("Other_normal", "used"),
            ("Sluice_words_normal", "own"),
        ):
            created = engine.api.call(
                "CreateJobQueue",
                {
                    "jobQueueName": queue,
                    "priority": 1,
                    "computeEnvironmentOrder": [{"order": 1, "computeEnvironment": used}],
                    "schedulingPolicyArn": policy,
                    "tags": {"by": "somebody"},
                },
            )
            arns[queue] = created["jobQueueArn"]
        batch, configuration = Batch(engine), Configuration(tags=(("team", "data"),))
        words = Pipeline(
            name="words",
            triggers=[Manual()],
            steps=[Job("count", image="busybox:1", command=["true"])],
            machines="own",
            tags={"purpose": "words"},
        )
        changed = tag_batch_resources(batch, configuration, [words])
        owned = {arns["Sluice_words_normal"], arns["own"]}
        assert set(changed) == {arns["Sluice_normal"], arns["used"], policy, *owned}

        def tags(arn: str) -> Any:
            return engine.api.call("ListTagsForResource", {"resourceArn": arn})["tags"]

        ours = {"sluice:app": "Sluice", "team": "data"}
        assert tags(arns["Sluice_normal"]) == {"by": "somebody", **ours}
        assert tags(arns["used"]) == tags(policy) == ours
        assert tags(arns["own"]) == {**ours, "sluice:pipeline": "words", "purpose": "words"}
        assert tags(arns["Sluice_words_normal"])["sluice:pipeline"] == "words"
        assert tags(arns["Other_normal"]) == {"by": "somebody"}
        assert set(tag_batch_resources(batch, configuration, [words])) <= {policy}


def test_queues_are_told_apart_by_the_beginning_of_their_names() -> None:
    """A prefix ends with an underscore, which no stack prefix has."""
    with Engine() as engine:
        made = {"computeEnvironmentName": "ours", "type": "UNMANAGED", "serviceRole": "arn:aws:iam::0:role/x"}
        engine.api.call("CreateComputeEnvironment", made)
        for queue in ("A_normal", "Ab_normal"):
            order = [{"order": 1, "computeEnvironment": "ours"}]
            asked = {"jobQueueName": queue, "priority": 1, "computeEnvironmentOrder": order}
            engine.api.call("CreateJobQueue", asked)
        batch = Batch(engine)
        found = queues_of(batch, "A_")
        assert [one["jobQueueName"] for one in found] == ["A_normal"]
        assert [one["computeEnvironmentName"] for one in environments_of(batch, found)] == ["ours"]
        assert environments_of(batch, []) == []
