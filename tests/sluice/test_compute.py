"""The keys of queues."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import get_args

import pytest

from sluice.compute import ENVIRONMENTS, Compute, QueueKey, QueueName
from sluice.settings import AdvanceSettings, read_queues

ALL = [QueueKey(*one) for one in product(get_args(QueueName), Compute, (False, True))]
OWN = [replace(key, owner=owner) for key in ALL for owner in ("word-count", "gpu", "x")]


def test_every_key_is_read_as_it_was_written() -> None:
    """No two queues have the same key, and none has a letter that a queue's name may not have."""
    assert [QueueKey.parse(str(key)) for key in ALL + OWN] == ALL + OWN
    assert len({str(key) for key in ALL + OWN}) == len(ALL + OWN)
    assert all(set(str(key)) <= set("abcdefghijklmnopqrstuvwxyz-") for key in ALL)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "fast",
        "spot-normal",
        "normal-normal",
        "gpu",
        "fair",
        "normal-fair-fair",
        "gpu_",
        "_normal",
        "word_count_normal",
        "Word_normal",
        "quantum-normal",
        "Normal",
    ],
)
def test_what_is_no_key_is_refused(text: str) -> None:
    """With what a key looks like."""
    with pytest.raises(ValueError, match="normal or fargate-normal"):
        QueueKey.parse(text)


def test_a_queue_has_at_most_three_environments_and_steady_ones_stay() -> None:
    """Source: https://docs.aws.amazon.com/batch/latest/APIReference/API_CreateJobQueue.html"""
    assert all(1 <= len(key.environments) <= 3 for key in ALL)
    assert not [
        one for key in ALL if key.name == "steady" for one in key.environments if one.endswith("Spot")
    ]
    assert set(ENVIRONMENTS) == set(Compute)


def test_all_queues_at_once_fit_a_functions_environment() -> None:
    """Lambda takes 4 KB of variables:
    https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
    """
    beginning = "arn:aws-us-gov:batch:us-gov-west-1:000000000000:job-queue/" + "S" * 41 + "_"
    arns = {str(key): f"{beginning}{key}" for key in ALL}
    text = AdvanceSettings.join_queues(arns)
    assert len(text) < 2048
    assert read_queues(text) == arns


@pytest.mark.parametrize("arns", [{}, {"a": "arn:b"}, {"a": "arn:1/a", "b": "arn:2/b"}])
def test_arns_that_are_not_alike_are_refused(arns: dict[str, str]) -> None:
    """They could not be read back."""
    with pytest.raises(ValueError, match="differ in the names at their ends"):
        AdvanceSettings.join_queues(arns)


def test_the_queues_of_as_many_pipelines_as_have_environments_fit_beside_them() -> None:
    """AWS Batch has 50 environments in a Region, of which a pipeline with machines of its own needs two:
    https://docs.aws.amazon.com/batch/latest/userguide/service_limits.html
    """
    owned = [QueueKey("normal", owner=f"p{number:02}-{'p' * 36}") for number in range(25)]
    arns = {str(key): f"arn:aws:batch:us-east-1:000000000000:job-queue/Sluice_{key}" for key in owned}
    assert len(AdvanceSettings.join_queues(arns)) < 2048
