"""Files and requests from the page."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from console import contract
from console.answers import NotFoundError
from console.backend import Person
from console.catalog import known
from console.live.backend import LiveBackend
from console.live.cloud import Catalog
from console.live.overview.uploads import shown_uploads
from sluice import Job, Manual, Pipeline, S3Upload
from sluice.operate.errors import RequestError
from sluice.operate.start.sending import send_request
from sluice.operate.start.upload_triggers import run_id_of
from sluice.triggers.trigger_event import S3Object
from tests.console.awaiting import awaited
from tests.console.live.conftest import CountedCloud

ADA = Person(name="Ada", roles=("operate",))
TEXTS = S3Upload(prefix="texts/", suffix=".txt")
CATALOG = Catalog(
    (
        known(Pipeline(name="texts", triggers=[TEXTS], steps=[Job("work", run="work")])),
        known(Pipeline(name="asked", triggers=[Manual()], steps=[Job("work", run="work")])),
        known(
            Pipeline(
                name="twice",
                triggers=[S3Upload(prefix="a/"), S3Upload(prefix="b/")],
                steps=[Job("work", run="work")],
            )
        ),
    )
)


@pytest.fixture
def backend(cloud: CountedCloud) -> LiveBackend:
    """A backend that knows three pipelines."""
    return LiveBackend(cloud=cloud, where="the test", catalog=lambda: CATALOG)


async def _body(content: bytes) -> AsyncIterator[bytes]:
    yield content


def _store(backend: LiveBackend, pipeline: str, name: str, prefix: str | None = None) -> contract.StoredFile:
    return awaited(backend.store_file(pipeline, name, "t", prefix, _body(b"text"), ADA))


def test_a_file_that_a_trigger_takes_names_the_run_that_it_starts(
    backend: LiveBackend, cloud: CountedCloud
) -> None:
    """Before the run is there: by the version that is stored."""
    stored = _store(backend, "texts", "a.txt")
    head = cloud.harness.clients["s3"].head_object(Bucket="inbox", Key="texts/a.txt")
    file = S3Object(
        bucket="inbox",
        key="texts/a.txt",
        version_id=head.get("VersionId", ""),
        etag=head["ETag"].strip('"'),
        size=4,
    )
    assert stored.run_ids == (run_id_of("texts", TEXTS, file),)
    assert (stored.key, stored.size, stored.of_request) == ("texts/a.txt", 4, False)


def test_a_trigger_of_another_bucket_gets_its_file_there(cloud: CountedCloud) -> None:
    """And not in the inbox."""
    cloud.harness.clients["s3"].create_bucket(Bucket="partners")
    elsewhere = S3Upload(prefix="texts/", bucket="partners")
    pipeline = Pipeline(name="texts", triggers=[elsewhere], steps=[Job("work", run="work")])
    catalog = Catalog((known(pipeline),))
    _store(LiveBackend(cloud=cloud, where="", catalog=lambda: catalog), "texts", "a.txt")
    (found,) = cloud.harness.clients["s3"].list_objects_v2(Bucket="partners")["Contents"]
    assert found["Key"] == "texts/a.txt"


@pytest.mark.parametrize("name", ["a.pdf", "..", "a\x1b.txt", "x" * 300 + ".txt"])
def test_other_files_are_refused(backend: LiveBackend, cloud: CountedCloud, name: str) -> None:
    """Nothing is stored."""
    with pytest.raises(RequestError):
        _store(backend, "texts", name)
    assert "Contents" not in cloud.harness.clients["s3"].list_objects_v2(Bucket="inbox")


def test_several_triggers_need_a_prefix(backend: LiveBackend) -> None:
    """The page asks which."""
    with pytest.raises(RequestError, match="choose by prefix: a/, b/"):
        _store(backend, "twice", "x")
    assert _store(backend, "twice", "x", "b/").key == "b/x"


def test_files_go_with_the_request_of_their_token(backend: LiveBackend, cloud: CountedCloud) -> None:
    """As its uploads, as `sluice run` sends them."""
    assert _store(backend, "asked", "a.csv").of_request
    asked = contract.StartRequest(token="t", input={"day": 1}, files=("a.csv",))
    (run_id,) = backend.start("asked", asked, ADA).run_ids
    (event,) = cloud.harness.bus.sent
    given: Any = json.loads(event["Detail"])["input"]
    assert (given["day"], given["uploads"][0]["size"], run_id.startswith("asked-")) == (1, 4, True)


@pytest.mark.parametrize(
    ("pipeline", "request_", "error"),
    [
        ("texts", contract.StartRequest(token="t"), "Expected a Manual trigger of texts"),
        ("asked", contract.StartRequest(token="t", files=("none.csv",)), "to be stored"),
        ("asked", contract.StartRequest(token="t", input=[1], files=("none.csv",)), "JSON object"),
        ("asked", contract.StartRequest(token="t", input="x" * 300_000), "at most"),
    ],
)
def test_a_wrong_start_sends_nothing(
    backend: LiveBackend, cloud: CountedCloud, pipeline: str, request_: contract.StartRequest, error: str
) -> None:
    """It says what was expected."""
    with pytest.raises(RequestError, match=error):
        backend.start(pipeline, request_, ADA)
    assert not cloud.harness.bus.sent


def test_an_unknown_pipeline(backend: LiveBackend) -> None:
    """It is not there."""
    with pytest.raises(NotFoundError, match="lost"):
        backend.start("lost", contract.StartRequest(token="t"), ADA)


def test_the_same_token_is_the_same_run(cloud: CountedCloud) -> None:
    """However often it is sent."""
    first = send_request(cloud.client("events"), "asked", "t", None)
    assert send_request(cloud.client("events"), "asked", "t", None) == first


def test_uploads_that_started_nothing_say_what_nearly_did(cloud: CountedCloud) -> None:
    """A suffix in capital letters, and a prefix of no trigger."""
    s3 = cloud.harness.clients["s3"]
    for key in ("texts/a.txt", "texts/b.TXT", "other/c.txt", "requests/asked/t/d.csv"):
        s3.put_object(Bucket="inbox", Key=key)
    catalog = Catalog(CATALOG.pipelines[:1])
    found = {one.key: one.text for one in shown_uploads(s3, "inbox", catalog).uploads}
    assert found.keys() == {"texts/b.TXT", "other/c.txt"}
    assert "Upper and lower case count" in found["texts/b.TXT"]
    assert "No trigger has a prefix" in found["other/c.txt"]
