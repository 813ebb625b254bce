"""A write replaces what is older, and nothing newer, whatever comes between."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sluice.aws import conditional_write
from sluice.aws.conditional_write import NewerObjectError, Place, write_if_absent
from sluice.aws.multipart import MultipartWriter
from sluice.testing.memory.buckets import Buckets
from sluice.testing.memory.refusals import refusal

S3 = "bucket"


def place(buckets: Any, version: int, *, key: str = "k") -> Place:
    """Return where an object of a version is to be written."""
    return Place(buckets, S3, key, lambda found: int(found.get("version", "0")) > version)


def put(buckets: Any, version: int, body: bytes = b"") -> None:
    """Write an object of a version."""
    where = place(buckets, version)
    metadata = {"version": str(version)} | where.metadata
    where.write(partial(buckets.put_object, Bucket=S3, Key="k", Body=body, Metadata=metadata))


def test_a_first_object_costs_one_request() -> None:
    buckets = _Counting()
    put(buckets, 1, b"one")
    assert buckets.calls == ["put_object"]
    assert buckets.objects[S3]["k"] == b"one"


def test_an_older_or_equal_object_is_replaced() -> None:
    buckets = Buckets("")
    for version, body in ((1, b"one"), (2, b"two"), (2, b"again")):
        put(buckets, version, body)
        assert buckets.objects[S3]["k"] == body


def test_an_object_without_metadata_is_replaced() -> None:
    buckets = Buckets("")
    buckets.put_object(Bucket=S3, Key="k", Body=b"somebody's")
    put(buckets, 1, b"one")
    assert buckets.objects[S3]["k"] == b"one"


def test_a_newer_object_stays() -> None:
    buckets = Buckets("")
    put(buckets, 2, b"two")
    with pytest.raises(NewerObjectError, match="found a file that a later attempt published"):
        put(buckets, 1, b"one")
    assert buckets.objects[S3]["k"] == b"two"


def test_a_newer_object_that_comes_between_the_look_and_the_write_stays() -> None:
    buckets = _Counting()
    put(buckets, 1, b"one")
    buckets.behind["head_object"] = lambda: put(buckets, 3, b"three")
    with pytest.raises(NewerObjectError):
        put(buckets, 2, b"two")
    assert buckets.objects[S3]["k"] == b"three"


@pytest.mark.parametrize("moment", ["before", "behind"])
def test_an_object_that_is_deleted_around_the_look_is_made_anew(moment: str) -> None:
    buckets = _Counting()
    put(buckets, 1, b"one")
    getattr(buckets, moment)["head_object"] = lambda: buckets.delete_objects(
        Bucket=S3, Delete={"Objects": [{"Key": "k"}]}
    )
    put(buckets, 2, b"two")
    assert buckets.objects[S3]["k"] == b"two"


def test_a_write_whose_answer_was_lost_is_made_once() -> None:
    buckets = _Counting()
    where, sent = place(buckets, 1), []

    def send(**condition: str) -> None:
        sent.append(condition)
        buckets.put_object(Bucket=S3, Key="k", Body=b"one", Metadata=where.metadata, **condition)
        if len(sent) == 1:  # as an SDK does: it sends the request again
            send(**condition)

    where.write(send)
    assert sent == [{"IfNoneMatch": "*"}, {"IfNoneMatch": "*"}]
    assert buckets.objects[S3]["k"] == b"one"


def test_parts_are_joined_under_the_same_conditions() -> None:
    buckets = Buckets("")
    for version, body in ((2, b"two-two"), (3, b"three-three")):
        write_in_parts(buckets, version, body)
        assert buckets.objects[S3]["k"] == body
    with pytest.raises(NewerObjectError):
        write_in_parts(buckets, 1, b"one-one")
    assert buckets.objects[S3]["k"] == b"three-three"


def write_in_parts(buckets: Buckets, version: int, body: bytes) -> None:
    """Write an object in parts of four bytes."""
    where = place(buckets, version)
    options = {"Metadata": {"version": str(version)} | where.metadata}
    writer = MultipartWriter(buckets, S3, "k", 4, options, commit=where.write)
    for byte in body:
        writer.write(bytes([byte]))
    writer.close()


def test_a_refusal_of_another_kind_is_raised() -> None:
    def refuse(**_: str) -> None:
        raise refusal("AccessDenied", "PutObject", status=403)

    with pytest.raises(ClientError, match="AccessDenied"):
        place(Buckets(""), 1).write(refuse)


def test_a_look_that_is_not_permitted_is_raised() -> None:
    buckets = _Counting()
    put(buckets, 1)
    buckets.before["head_object"] = partial(_raise, refusal("403", "HeadObject", status=403))
    with pytest.raises(ClientError, match="HeadObject"):
        put(buckets, 2)


def test_a_write_that_is_busy_is_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conditional_write, "_BUSY_SECONDS", 0)
    answers = [refusal("ConditionalRequestConflict", "PutObject", status=409)] * 3

    def busy(**_: str) -> None:
        if answers:
            raise answers.pop()

    assert write_if_absent(busy)
    assert not answers


def test_a_write_that_always_loses_ends_with_the_refusal() -> None:
    buckets, asked = Buckets(""), []
    buckets.put_object(Bucket=S3, Key="k", Body=b"")

    def lose(**condition: str) -> None:
        asked.append(condition)
        raise refusal("PreconditionFailed", "PutObject", status=412)

    with pytest.raises(ClientError, match="PreconditionFailed"):
        place(buckets, 1).write(lose)
    assert len(asked) == 9


class _Counting(Buckets):
    """Notes its calls, and does something before or behind the first of a name."""

    def __init__(self) -> None:
        super().__init__("")
        self.calls: list[str] = []
        self.before: dict[str, Callable[[], object]] = {}
        self.behind: dict[str, Callable[[], object]] = {}

    def put_object(self, **request: Any) -> dict[str, Any]:
        self.calls.append("put_object")
        return super().put_object(**request)

    def head_object(self, **request: Any) -> dict[str, Any]:
        self.calls.append("head_object")
        self.before.pop("head_object", lambda: None)()
        found = super().head_object(**request)
        self.behind.pop("head_object", lambda: None)()
        return found


def _raise(error: Exception) -> None:
    raise error
