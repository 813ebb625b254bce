"""The environment variables of jobs that run in this process."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import contextmanager

Variables = Mapping[str, str]


@contextmanager
def job_environment(variables: Variables) -> Iterator[None]:
    """Let the process have these variables for a while."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@contextmanager
def node_environments(nodes: list[Variables]) -> Iterator[NodeEnvironments]:
    """Let nodes that run side by side, each in a thread, have variables of their own for a while.

    What all of them have is the process's. The rest is seen in ``os.environ`` by the node's own thread alone:
    a process has one environment, and nodes that took turns at it would leave theirs to each other, and to
    whatever comes after them. (A program that a node starts sees what all nodes have.)
    """
    common = {name: value for name, value in nodes[0].items() if all(one.get(name) == value for one in nodes)}
    with job_environment(common):
        process = os.environ
        environments = NodeEnvironments(process)
        os.environ = environments  # type: ignore[assignment]  # noqa: B003
        try:
            yield environments
        finally:
            os.environ = process  # noqa: B003


class NodeEnvironments(MutableMapping[str, str]):
    """The process's environment, below that of each node's thread."""

    def __init__(self, process: MutableMapping[str, str]) -> None:
        self._process = process
        self._thread = threading.local()

    def enter(self, variables: Variables) -> None:
        """Make the calling thread a node with these variables."""
        self._thread.own = dict(variables)

    def _own(self) -> dict[str, str]:
        own: dict[str, str] = getattr(self._thread, "own", {})
        return own

    def __getitem__(self, name: str) -> str:
        own = self._own()
        return own[name] if name in own else self._process[name]

    def __setitem__(self, name: str, value: str) -> None:
        own = self._own()
        if name in own:
            own[name] = value
        else:
            self._process[name] = value

    def __delitem__(self, name: str) -> None:
        own = self._own()
        if name in own:
            del own[name]
        else:
            del self._process[name]

    def __iter__(self) -> Iterator[str]:
        return iter({**self._process, **self._own()})

    def __len__(self) -> int:
        return len({**self._process, **self._own()})

    def copy(self) -> dict[str, str]:
        """Return a copy, as ``os.environ.copy`` does."""
        return dict(self)
