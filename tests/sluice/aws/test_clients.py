"""What botocore's clients are given: times are read as botocore reads them, by what is quick."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import botocore.session
import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.utils import parse_timestamp
from hypothesis import given
from hypothesis import strategies as st

from sluice.aws.clients import _time, read_times_quickly

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
PAGE = (
    b'<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Contents><Key>a</Key><Size>1</Size>'
    b"<LastModified>2026-01-31T12:00:00.250Z</LastModified></Contents></ListBucketResult>"
)


class _Body:
    def stream(self, **_: Any) -> list[bytes]:
        return [PAGE]


def _answer(request: Any, **_: Any) -> Any:
    return AWSResponse(request.url, 200, HTTPHeaders(), _Body())


@given(st.integers(0, 250_000_000_000_000_000).map(lambda micro: EPOCH + timedelta(microseconds=micro)))
def test_a_time_is_what_botocore_makes_of_it(time: datetime) -> None:
    """With a fraction of a second, or none."""
    for text in (f"{time:%Y-%m-%dT%H:%M:%S}Z", f"{time:%Y-%m-%dT%H:%M:%S}.{time.microsecond // 1000:03d}Z"):
        assert _time(text) == parse_timestamp(text)
        assert _time(text).utcoffset() == parse_timestamp(text).utcoffset()


@pytest.mark.parametrize(
    "value",
    [
        "Sat, 31 Jan 2026 12:00:00 GMT",
        1769860800,
        "1769860800.5",
        "20260131T120000Z",
        "2026-01-31T12:00:00+01:00",
    ],
)
def test_other_forms_are_left_to_botocore(value: Any) -> None:
    """Headers, and the seconds of services with JSON."""
    assert _time(value) == parse_timestamp(value)


def test_what_is_no_time_is_refused_as_botocore_refuses_it() -> None:
    """And not taken for one."""
    with pytest.raises(ValueError, match="Invalid timestamp"):
        _time("soonTZ")


def test_a_listing_is_read_without_dateutil(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page has a thousand times."""

    def parse(*_: Any, **__: Any) -> Any:
        raise AssertionError("dateutil was called")

    monkeypatch.setattr("dateutil.parser.parse", parse)
    session = botocore.session.Session()
    session.set_credentials("a", "b")
    read_times_quickly(session)
    s3: Any = session.create_client("s3", region_name="us-east-1")
    s3.meta.events.register("before-send.s3.ListObjectsV2", _answer)
    (found,) = s3.list_objects_v2(Bucket="bucket")["Contents"]
    assert found["LastModified"] == datetime(2026, 1, 31, 12, 0, 0, 250_000, UTC)
