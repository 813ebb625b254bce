"""The messages of the queues, and how they are read: a reader refuses all that its sender does not promise to
send.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from sluice.errors import MalformedMessageError

VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """The base of all messages: flat JSON objects with a version."""

    version: int = VERSION

    def to_json(self) -> str:
        """Return the body of the message."""
        return json.dumps(asdict(self), separators=(",", ":"))

    @classmethod
    def from_json(cls, body: str) -> Self:
        """Read a message; raises MalformedMessageError when a field is missing, unknown, of another type or
        of a newer version.
        """
        document = parse_object(body)
        version = document.get("version", VERSION)
        if version != VERSION or type(version) is not int:
            raise MalformedMessageError(f"Expected a {cls.__name__} of version {VERSION}, found {version!r}.")
        try:
            message = cls(**document)
        except TypeError as error:
            raise MalformedMessageError(
                f"Expected a {cls.__name__}, found {body[:200]!r}: {error}."
            ) from error
        message._check_types()
        return message

    def _check_types(self) -> None:
        for name, annotation in _annotations(type(self)).items():
            expected, value = _TYPES[annotation.split("[")[0]], getattr(self, name)
            if type(value) is not expected or (isinstance(value, int) and value < 0):
                raise MalformedMessageError(
                    f"Expected {type(self).__name__}.{name} of type {annotation}, found {value!r}."
                )


_TYPES: dict[str, type] = {"str": str, "int": int, "dict": dict}


def _annotations(kind: type) -> dict[str, str]:
    """Return the annotations of a class and of those that it extends."""
    return {
        name: text
        for one in reversed(kind.__mro__)
        for name, text in vars(one).get("__annotations__", {}).items()
    }


def definition_location(definition: Mapping[str, Any]) -> tuple[str, str]:
    """Return the bucket and the key of a compiled pipeline, as a message has them; raises
    MalformedMessageError.
    """
    bucket, key = definition.get("bucket"), definition.get("key")
    if not (isinstance(bucket, str) and isinstance(key, str)):
        raise MalformedMessageError(f"Expected a definition with a bucket and a key, found {definition!r}.")
    return bucket, key


@dataclass(frozen=True, slots=True, kw_only=True)
class Triggered(Message):
    """Something started a pipeline: the message that an EventBridge rule of it sends to the trigger queue.

    ``definition`` is ``{"bucket", "key"}`` of the compiled pipeline; ``detail`` is the event's own, and so is
    ``time``, where it matters.
    """

    pipeline: str
    trigger: str
    definition: dict[str, Any]
    detail: dict[str, Any]
    time: str = ""

    def definition_location(self) -> tuple[str, str]:
        """Return the bucket and the key of the compiled pipeline; raises MalformedMessageError."""
        return definition_location(self.definition)


@dataclass(frozen=True, slots=True, kw_only=True)
class Release(Message):
    """A pipeline that was paused goes on: what was kept of it is to be started."""

    release: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CatchUp(Message):
    """The missed times of a pipeline's schedules are to get their runs. ``definition`` is where the compiled
    pipeline is, in the message of the deployed schedule itself; the sweep's has none.
    """

    catch_up: str
    definition: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupedUpload(Triggered):
    """An upload of a trigger that gathers: the message that an EventBridge rule sends to the group queue.

    A group gathers files for ``within`` seconds from its first one, and at most ``of``; with ``after`` until
    none came for so many seconds.
    """

    within: int
    of: int
    after: int = 0

    def _check_types(self) -> None:
        Message._check_types(self)
        self.definition_location()
        if self.of < 1:
            raise MalformedMessageError(f"Expected GroupedUpload.of to be at least 1, found {self.of}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class SetUpload(Triggered):
    """An upload that may belong to a set of files: the message that an EventBridge rule sends to the group
    queue. ``rules`` are those of its trigger (``sluice.triggers.set_rules``).
    """

    rules: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class SetDue(Message):
    """A set of files may be late, or is left to be handed over; ``close`` when a person closes it."""

    pipeline: str
    trigger: str
    partition: dict[str, Any]
    close: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SetReport(Message):
    """A set of files is late, or files came after its run began: an alert is to be sent. ``event`` tells the
    reports of a set apart.
    """

    pipeline: str
    set: str
    event: str
    text: str

    @property
    def subject(self) -> str:
        """Return what stands for the set where a run has its id."""
        return f"set-{self.pipeline}-{self.set}"


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupDue(Message):
    """A group may be due: its time may be over."""

    pipeline: str
    trigger: str
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned(Message):
    """A plan has written its manifest."""

    run: str
    step: str
    generation: int
    job_id: str
    items: int
    manifest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JobWaiting(Message):
    """A job waits for its registration: its submitter may be gone."""

    run: str
    step: str
    generation: int
    job_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TooManyFailed(Message):
    """More items of an array have failed than its dependents tolerate: it is to be ended. Of a child."""

    run: str
    step: str
    generation: int
    job_id: str
    failed: int


def parse_from_job(body: str) -> Planned | JobWaiting | TooManyFailed:
    """Return what a job published on the topic of the plans; raises MalformedMessageError."""
    fields = parse_object(body)
    if "manifest" in fields:
        return Planned.from_json(body)
    return TooManyFailed.from_json(body) if "failed" in fields else JobWaiting.from_json(body)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFailed(Message):
    """A run has failed at a step, in one of its generations: an alert is to be sent."""

    run: str
    step: str
    generation: int = 0


LATE, NOT_STARTED = "late", "not started"
"""Kinds of delay."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunDelayed(Message):
    """A run is late, or none of its jobs has started; ``why`` is the explanation in the alert."""

    run: str
    delay: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentInvalid(Message):
    """A compute environment has become INVALID: no job starts on it. ``environment`` is its name, ``reason``
    AWS's.
    """

    environment: str
    reason: str


@dataclass(frozen=True, slots=True)
class Sweep:
    """The schedule's call to reconcile every run that has not ended."""


def parse_object(body: str) -> dict[str, Any]:
    """Return the JSON object in a body; raises MalformedMessageError."""
    try:
        document = json.loads(body)
    except ValueError as error:
        raise MalformedMessageError(f"Expected JSON, found {body[:200]!r}.") from error
    if not isinstance(document, dict):
        raise MalformedMessageError(f"Expected a JSON object, found {body[:200]!r}.")
    return document
