"""What started a run: read from the trigger queue, stored with the run, and handed to step functions."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from typing import Any, ClassVar

from sluice.counted import counted
from sluice.errors import MalformedMessageError, OtherTriggerError
from sluice.messages import Triggered
from sluice.triggers.upload_patterns import readable
from sluice.triggers.upstream_runs import UpstreamRuns

MAX_TOKEN_CHARACTERS = 128
MAX_INPUT_BYTES = 128 * 1024
"""The ledger keeps it beside the compiled pipeline, in an item of at most 400 KB."""
_SEQUENCER_CHARACTERS = 64
_OPTIONAL = ("time", "sequencer", "newer_version")
"""What is known of some uploads only."""
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


@dataclass(frozen=True, slots=True, kw_only=True)
class S3Object:
    """One version of an uploaded object; ``size`` in bytes. ``version_id`` is empty in a bucket without
    versions.

    ``time`` is that of S3's event, ISO 8601 in UTC, and ``sequencer`` orders the events of one key; both are
    empty where S3 sent no event. ``newer_version`` is a version of the same key whose run began earlier,
    though it was uploaded later; empty when there is none.
    """

    kind: ClassVar[str] = "s3-upload"
    bucket: str
    key: str
    version_id: str
    etag: str
    size: int
    time: str = ""
    sequencer: str = ""
    newer_version: str = ""

    @property
    def order(self) -> str:
        """Return the place of this version among those of its key: the larger, the newer; empty where it is
        not known.

        Sequencers are hexadecimal, and compared as texts with zeros at their ends:
        https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
        """
        return self.sequencer.upper().ljust(_SEQUENCER_CHARACTERS, "0") if self.sequencer else ""

    @property
    def uri(self) -> str:
        """Return the address that people and the AWS CLI use."""
        return f"s3://{self.bucket}/{self.key}"

    def identity(self) -> dict[str, str]:
        """Return what makes this upload unique: all events of one version of an object are one upload."""
        return {"bucket": self.bucket, "key": self.key, "version": self.version_id or self.etag}

    def to_dict(self) -> dict[str, Any]:
        """Return the form that the ledger keeps."""
        return {"kind": self.kind, **self.to_item()}

    def to_item(self) -> dict[str, Any]:
        """Return what is known of it, as an item of a manifest."""
        # By name: `asdict` copies each value deeply, and a backfill writes a million of these.
        every = ((name, getattr(self, name)) for name in self.__slots__)
        return {name: value for name, value in every if value or name not in _OPTIONAL}

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> S3Object:
        """Return what ``to_dict`` or ``to_item`` stored."""
        given = {name: stored[name] for name in _OPTIONAL if name in stored}
        return cls(**given, **{name: stored[name] for name in cls.__slots__ if name not in _OPTIONAL})


def newest_of_each_key(files: Iterable[S3Object]) -> list[S3Object]:
    """Return of each key the newest version; of versions whose order is not known the last one."""
    newest: dict[tuple[str, str], S3Object] = {}
    for file in files:
        key = (file.bucket, file.key)
        if key not in newest or (file.order, file.time) >= (newest[key].order, newest[key].time):
            newest[key] = file
    return list(newest.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadGroup:
    """Uploads that were gathered into one run: ``files`` of them, listed in a manifest of the work bucket."""

    kind: ClassVar[str] = "s3-group"
    bucket: str
    prefix: str
    suffix: str
    group: str
    files: int
    work_bucket: str
    manifest: str

    @property
    def uri(self) -> str:
        """Return the text that alerts and lists show."""
        return f"s3://{self.bucket}/{self.prefix}*{readable(self.suffix)} ({counted(self.files, 'file')})"

    @staticmethod
    def identity_of(group: str) -> dict[str, str]:
        """Return what makes a group unique among those of its trigger."""
        return {"group": group}

    def identity(self) -> dict[str, str]:
        """Return what makes this group unique: its name, in however many events it comes."""
        return self.identity_of(self.group)

    def to_dict(self) -> dict[str, Any]:
        """Return the form that the ledger keeps."""
        return {"kind": self.kind, **asdict(self)}


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadSet(UploadGroup):
    """The files of a set: complete, or late and run all the same.

    ``partition`` is its key; ``missing`` names what it lacks, as far as that is known, and ``missing_count``
    says how many files. ``generation`` counts its runs: files that came after the first one began another.
    """

    kind: ClassVar[str] = "s3-set"
    partition: Mapping[str, str] = field(hash=False)
    missing: Sequence[str] = ()
    missing_count: int = 0
    generation: int = 0

    @property
    def uri(self) -> str:
        """Return the text that alerts and lists show."""
        key = ",".join(f"{name}={value}" for name, value in self.partition.items())
        lacks = f", {self.missing_count:,} missing" if self.missing_count else ""
        return f"s3://{self.bucket}/{self.prefix} {key} ({counted(self.files, 'file')}{lacks})"


class _WithoutFiles:
    """A trigger without files: a step that asks for files gets an error."""

    __slots__ = ()
    kind: ClassVar[str]

    @property
    def upload(self) -> Any:
        """Raise OtherTriggerError."""
        raise OtherTriggerError(
            f"Expected a run that an upload started, found a {self.kind} one. Use trigger.input, or look at"
            " trigger.kind."
        )

    @property
    def uploads(self) -> Any:
        """Raise OtherTriggerError."""
        return self.upload


@dataclass(frozen=True, slots=True, kw_only=True)
class Request(_WithoutFiles):
    """A run that was asked for, with any JSON value as its ``input``; the same ``token`` is the same run.

    ``overrides`` are those of ``sluice.run.overrides``.
    """

    kind: ClassVar[str] = "manual"
    token: str
    input: Any = None
    overrides: Mapping[str, Any] = field(default_factory=dict, hash=False)

    @property
    def uri(self) -> str:
        """Return the text that alerts and lists show."""
        return f"request {self.token}"

    def identity(self) -> dict[str, str]:
        """Return what makes this request unique: a repeated request has the same token."""
        return {"token": self.token}

    def to_dict(self) -> dict[str, Any]:
        """Return the form that the ledger keeps."""
        stored = {"kind": self.kind, **asdict(self)}
        return (
            stored
            if self.overrides
            else {name: value for name, value in stored.items() if name != "overrides"}
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduledTime(_WithoutFiles):
    """One time of a schedule, ``2030-01-31T09:00:00Z``, and the ``input`` that the schedule gives its
    runs.
    """

    kind: ClassVar[str] = "schedule"
    time: str
    expression: str
    input: Any = None

    @property
    def scheduled_for(self) -> datetime:
        """Return the time, which is not that at which the run began: it may be late, or asked for later."""
        return datetime.fromisoformat(self.time)

    @property
    def uri(self) -> str:
        """Return the text that alerts and lists show."""
        return f"{self.expression} at {self.time}"

    def identity(self) -> dict[str, str]:
        """Return what makes this time unique: the scheduled time, however often and however late its event
        comes.
        """
        return {"time": self.time}

    def to_dict(self) -> dict[str, Any]:
        """Return the form that the ledger keeps."""
        return {"kind": self.kind, **asdict(self)}


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookDelivery(_WithoutFiles):
    """A signed request to a pipeline's webhook; ``input`` is its body.

    ``form`` is how it was signed; ``id`` is what it has that makes it unique (see
    ``sluice.triggers.webhook_deliveries``).
    ``event`` is the sender's name of the kind of event, empty where there is none; GitHub's is a header that
    is not signed.
    """

    kind: ClassVar[str] = "webhook"
    form: str
    id: str
    event: str = ""
    input: Any = None

    @property
    def uri(self) -> str:
        """Return the text that alerts and lists show."""
        return f"{self.form} webhook {self.event} {self.id}".replace("  ", " ")

    def identity(self) -> dict[str, str]:
        """Return what makes this delivery unique: a repeated event has the same id."""
        return {"form": self.form, "id": self.id}

    def to_dict(self) -> dict[str, Any]:
        """Return the form that the ledger keeps."""
        return {"kind": self.kind, **asdict(self)}


TriggerEvent = S3Object | UploadGroup | UploadSet | Request | ScheduledTime | WebhookDelivery | UpstreamRuns


def stored_trigger(stored: Mapping[str, Any]) -> TriggerEvent:
    """Return what ``to_dict`` stored."""
    kinds: dict[str, type[TriggerEvent]] = {
        kind.kind: kind
        for kind in (S3Object, UploadGroup, UploadSet, Request, ScheduledTime, WebhookDelivery, UpstreamRuns)
    }
    kind = kinds[stored["kind"]]
    names = (one.name for one in fields(kind))
    return kind(**{name: stored[name] for name in names if name in stored})


def argument(stored: Mapping[str, Any]) -> str:
    """Return what a command gets for ``{input}``: an upload's address, that of a group's list of files, or
    the input as JSON.
    """
    found = stored_trigger(stored)
    if isinstance(found, S3Object):
        return found.uri
    if isinstance(found, UploadGroup):
        return f"s3://{found.work_bucket}/{found.manifest}"
    return (
        found.input
        if isinstance(found.input, str)
        else json.dumps(found.input, ensure_ascii=False, separators=(",", ":"))
    )


def described(stored: Mapping[str, Any]) -> str:
    """Return a short text of what started a run: the key of an upload, the ``uri`` of another trigger, and
    the kind of one that this version does not know.
    """
    if stored.get("kind") == S3Object.kind or "kind" not in stored:
        return str(stored.get("key", ""))
    try:
        return stored_trigger(stored).uri
    except (KeyError, TypeError):
        return str(stored["kind"])


def parse_trigger(message: Triggered) -> TriggerEvent | None:
    """Return the trigger event of a message, None for one that starts no run; raises MalformedMessageError.

    The message's trigger begins with its kind.
    """
    kind = message.trigger.partition(":")[0]
    if kind not in _READERS:
        raise MalformedMessageError(
            f"Expected a trigger of a kind {', '.join(_READERS)}, found {message.trigger!r}."
        )
    return _READERS[kind](message)


def _request(message: Triggered) -> Request:
    token = message.detail.get("token")
    if not isinstance(token, str) or not token.strip() or len(token) > MAX_TOKEN_CHARACTERS:
        raise MalformedMessageError(
            f"Expected a request with a token of 1 to {MAX_TOKEN_CHARACTERS} characters, found"
            f" {str(token)[:100]!r}. Send a new token for a new run, and the same token when the same"
            " request is sent again."
        )
    given, overrides = message.detail.get("input"), message.detail.get("overrides") or {}
    if (size := len(json.dumps(given).encode()) + len(json.dumps(overrides).encode())) > MAX_INPUT_BYTES:
        raise MalformedMessageError(
            f"Expected an input, overrides included, of at most {MAX_INPUT_BYTES} bytes of JSON, found"
            f" {size}. Put it into an object and send the object's key."
        )
    return Request(token=token, input=given, overrides=overrides)


def _unknown(message: Triggered) -> TriggerEvent:
    raise MalformedMessageError(
        f"Expected a request for a pipeline with a Manual trigger, found {message.detail.get('pipeline')!r}. "
        "Correct the name, or add the trigger and deploy."
    )


def _scheduled_time(message: Triggered) -> ScheduledTime:
    time, expression = message.detail.get("time"), message.detail.get("expression")
    if not (isinstance(time, str) and _TIME.fullmatch(time) and isinstance(expression, str)):
        raise MalformedMessageError(
            f"Expected the time and the expression of a schedule, found {str(message.detail)[:200]}."
        )
    return ScheduledTime(time=time, expression=expression, input=message.detail.get("input"))


def _delivery(message: Triggered) -> WebhookDelivery:
    form, delivery, event = (message.detail.get(name) for name in ("form", "id", "event"))
    if not (isinstance(form, str) and isinstance(delivery, str) and delivery and isinstance(event, str)):
        raise MalformedMessageError(
            f"Expected the form, id and event of a webhook's delivery, found {str(message.detail)[:200]}."
        )
    return WebhookDelivery(form=form, id=delivery, event=event, input=message.detail.get("input"))


def uploaded_object(message: Triggered) -> S3Object | None:
    """Return the object of an upload event; None for the empty object that stands for a folder.

    Raises MalformedMessageError. Keys in EventBridge's S3 events are not URL-encoded, in S3's own
    notifications they are: https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html
    """
    try:
        bucket, stored = message.detail["bucket"]["name"], message.detail["object"]
        upload = S3Object(
            bucket=bucket,
            key=stored["key"],
            version_id=stored.get("version-id", ""),
            etag=stored.get("etag", ""),
            size=stored.get("size", 0),
            time=message.time,
            sequencer=stored.get("sequencer", ""),
        )
        texts = (upload.bucket, upload.key, upload.version_id, upload.etag, upload.sequencer)
        if not all(isinstance(text, str) for text in texts) or type(upload.size) is not int:
            raise TypeError(texts)
    except (KeyError, TypeError, AttributeError) as error:
        raise MalformedMessageError(
            f"Expected the detail of an S3 'Object Created' event, found {str(message.detail)[:200]}."
        ) from error
    return None if upload.key.endswith("/") and upload.size == 0 else upload


def _upload_set(message: Triggered) -> UploadSet:
    group, found = _upload_group(message), message.detail
    partition, missing = found.get("partition"), found.get("missing", [])
    counts = [found.get(name, 0) for name in ("missing_count", "generation")]
    if not (
        isinstance(partition, dict)
        and isinstance(missing, list | tuple)
        and all(type(n) is int for n in counts)
    ):
        raise MalformedMessageError(f"Expected a set of uploads, found {str(found)[:200]}.")
    return UploadSet(
        **asdict(group),
        partition=partition,
        missing=tuple(missing),
        missing_count=counts[0],
        generation=counts[1],
    )


def _upload_group(message: Triggered) -> UploadGroup:
    found, texts = message.detail, ("bucket", "prefix", "suffix", "group", "work_bucket", "manifest")
    if (
        not all(isinstance(found.get(name), str) for name in texts)
        or type(found.get("files")) is not int
        or found["files"] < 1
    ):
        raise MalformedMessageError(f"Expected a group of uploads, found {str(found)[:200]}.")
    return UploadGroup(files=found["files"], **{name: found[name] for name in texts})


_READERS: dict[str, Callable[[Triggered], TriggerEvent | None]] = {
    "s3": uploaded_object,
    "s3-group": _upload_group,
    "s3-set": _upload_set,
    "manual": _request,
    "schedule": _scheduled_time,
    "webhook": _delivery,
    "unknown": _unknown,
}
