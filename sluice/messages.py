"""The messages of the queues, and how they are read: a reader refuses all that its sender does not promise to
send.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Triggered(Message):
    """Something started a pipeline: the message that an EventBridge rule of it sends to the trigger queue.

    ``definition`` is ``{"bucket", "key"}`` of the compiled pipeline; ``detail`` is the event's own.
    """

    pipeline: str
    trigger: str
    definition: dict[str, Any]
    detail: dict[str, Any]

    def definition_location(self) -> tuple[str, str]:
        """Return the bucket and the key of the compiled pipeline; raises MalformedMessageError."""
        bucket, key = self.definition.get("bucket"), self.definition.get("key")
        if not (isinstance(bucket, str) and isinstance(key, str)):
            raise MalformedMessageError(
                f"Expected Triggered.definition with a bucket and a key, found {self.definition!r}."
            )
        return bucket, key


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupedUpload(Triggered):
    """An upload of a trigger that gathers: the message that an EventBridge rule sends to the group queue.

    A group gathers files for ``within`` seconds from its first one, and at most ``of``.
    """

    within: int
    of: int

    def _check_types(self) -> None:
        Message._check_types(self)
        self.definition_location()
        if self.of < 1:
            raise MalformedMessageError(f"Expected GroupedUpload.of to be at least 1, found {self.of}.")


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
