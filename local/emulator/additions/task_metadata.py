"""Lacking: the ECS agent's metadata of a container and of its task."""

from collections.abc import Callable
from ipaddress import AddressValueError, IPv4Address
from typing import Any

PAGE = "ecs/"

FindTask = Callable[[str], dict[str, Any] | None]
"""Find the metadata of a task, with its one container, by the task's id; None where it does not run."""


class TaskMetadata:
    """The pages that a container finds at its ``ECS_CONTAINER_METADATA_URI_V4``."""

    def __init__(self, find: FindTask) -> None:
        self._find = find

    def document(self, page: str) -> object:
        """Return the metadata of the container at `<task id>/<address>`, or of its task at `…/task`; raises
        ValueError for another page.

        Response:
        https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-metadata-endpoint-v4-response.html
        """
        task_id, _, rest = page.partition("/")
        address, slash, part = rest.partition("/")
        found = self._find(task_id) if _is_loopback(address) else None
        if found is None or (slash and part != "task"):
            message = (
                f"Expected <the id of a task that runs>/<loopback address>, /task after it, found {page!r}."
            )
            raise ValueError(message)
        network = {"NetworkMode": "awsvpc", "IPv4Addresses": [address]}
        containers = [{**one, "Networks": [network]} for one in found["Containers"]]
        return {**found, "Containers": containers} if slash else containers[0]


def _is_loopback(address: str) -> bool:
    try:
        return IPv4Address(address).is_loopback
    except AddressValueError:
        return False
