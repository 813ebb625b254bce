"""Sluice's own pages of the local cloud, under /_sluice/: what no AWS API shows or does."""

import hmac
import json
import os
from collections.abc import Callable, Mapping

from local.emulator import access
from local.emulator.additions import instance_metadata, task_metadata
from local.emulator.additions.instance_metadata import InstanceMetadata
from local.emulator.additions.mailbox import Mailbox
from local.emulator.additions.task_metadata import TaskMetadata
from local.executors import ExecutorName
from local.server.calls import CallCounter
from local.server.faults_page import FaultsPage
from local.server.instances_page import InstancesPage

Page = Callable[[bytes], object]


class Controls:
    """The pages: `health`, `calls`, `iam`, `messages`, `faults` (once called `trouble`), `instances`; and
    `ecs/…` and `instances/…`, the metadata of a container and of its machine, for whom its address names the
    token.
    """

    def __init__(
        self,
        calls: CallCounter,
        mailbox: Mailbox,
        faults: FaultsPage,
        executor: ExecutorName,
        instances: InstancesPage,
        metadata_token: str,
        machines: InstanceMetadata,
        tasks: TaskMetadata,
    ) -> None:
        self._tasks = tasks
        self._metadata = f"{task_metadata.PAGE}{metadata_token}/"
        self._machines, self._machine_metadata = machines, f"{instance_metadata.PAGE}{metadata_token}/"
        self._pages: dict[tuple[str, str], Page] = {
            ("GET", "health"): lambda _: _health(executor),
            ("GET", "calls"): lambda _: calls.listing(),
            ("DELETE", "calls"): lambda _: calls.reset(),
            ("GET", "iam"): lambda _: {"enforce": access.iam_enforced()},
            ("PUT", "iam"): _set_iam,
            ("GET", "messages"): lambda _: mailbox.listing(),
            ("GET", "faults"): faults.get,
            ("PUT", "faults"): faults.put,
            ("GET", "trouble"): faults.get,
            ("PUT", "trouble"): faults.put,
            ("POST", "instances"): instances.post,
        }

    def is_open(self, path: str) -> bool:
        """Say whether a path carries the token of the containers' metadata, which is all that it needs."""
        return _begins(path, self._metadata) or _begins(path, self._machine_metadata)

    def answer(
        self, method: str, path: str, body: bytes, headers: Mapping[str, str] | None = None
    ) -> tuple[int, bytes]:
        """Return the status and the JSON of a page; 404 for an unknown one, 400 for a body that is not what
        it takes. A machine's metadata are text, not JSON.
        """
        name = path.removeprefix("/_sluice/")
        if _begins(path, self._machine_metadata):
            asked = name.removeprefix(self._machine_metadata)
            status, text = self._machines.answer(method, asked, headers or {})
            return status, text.encode()
        page = self._pages.get((method, name))
        if method == "GET" and _begins(path, self._metadata):
            page = lambda _: self._tasks.document(name.removeprefix(self._metadata))  # noqa: E731 - as others
        if page is None:
            known = ", ".join(f"{verb} {name}" for verb, name in self._pages)
            return 404, _json({"error": f"Expected one of {known}, found {method} {path}."})
        try:
            return 200, _json(page(body))
        except ValueError as error:
            return 400, _json({"error": str(error)})


def _begins(path: str, page: str) -> bool:
    start = f"/_sluice/{page}"
    return hmac.compare_digest(path[: len(start)].encode(), start.encode())


def _health(executor: ExecutorName) -> object:
    return {"status": "ready", "pid": os.getpid(), "iam": access.iam_enforced(), "executor": executor}


def _set_iam(body: bytes) -> object:
    asked = json.loads(body)
    if not isinstance(asked, dict) or not isinstance(asked.get("enforce"), bool):
        message = f'Expected {{"enforce": true}} or {{"enforce": false}}, found {body[:100]!r}.'
        raise ValueError(message)
    access.enforce_iam(asked["enforce"])
    return asked


def _json(value: object) -> bytes:
    return json.dumps(value).encode()
