"""What a container learns of itself and of its task."""

from __future__ import annotations

from typing import Any

import pytest

from local.emulator.additions.task_metadata import TaskMetadata

CONTAINER = {"DockerId": "task", "Name": "default"}
TASK: dict[str, Any] = {"TaskARN": "arn", "Containers": [CONTAINER]}
METADATA = TaskMetadata({"task": TASK}.get)
NETWORKS = [{"NetworkMode": "awsvpc", "IPv4Addresses": ["127.77.0.1"]}]


def test_a_container_is_told_its_address() -> None:
    """As the ECS agent answers."""
    assert METADATA.document("task/127.77.0.1") == {**CONTAINER, "Networks": NETWORKS}


def test_a_container_is_told_its_task() -> None:
    """Under /task, with the container in it."""
    expected = {"TaskARN": "arn", "Containers": [{**CONTAINER, "Networks": NETWORKS}]}
    assert METADATA.document("task/127.77.0.1/task") == expected
    assert "Networks" not in CONTAINER


@pytest.mark.parametrize(
    "page",
    ["", "task", "/127.0.0.1", "task/10.0.0.1", "task/x", "other/127.0.0.1", "task/127.0.0.1/stats"],
)
def test_another_page_is_refused(page: str) -> None:
    """Only loopback addresses are nodes' here, and only tasks that run are known."""
    with pytest.raises(ValueError, match="Expected"):
        METADATA.document(page)
