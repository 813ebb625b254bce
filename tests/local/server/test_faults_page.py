"""Fault injection in a running cloud, through /_sluice/faults."""

import json
import urllib.error
from collections.abc import Iterator
from dataclasses import fields

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from local.batch.engine import Engine
from local.batch.faults import Faults
from local.paths import LocalCloudPaths
from local.server.faults_page import FaultsPage
from local.server.process import control
from tests.local.batch.conftest import QUICK, Desk, HandExecutor
from tests.local.server.test_batch_service import Queue, new_queue
from tests.local.server.test_cloud import client


@pytest.fixture
def desk() -> Iterator[Desk]:
    """An engine whose jobs end by hand."""
    with Engine(limits=QUICK, executor=HandExecutor()) as engine:
        yield Desk(engine, [], [])


@pytest.fixture
def queue(cloud: LocalCloudPaths) -> Iterator[Queue]:
    """A job queue in the cloud that the tests share, where all goes well again after the test."""
    yield new_queue(cloud)
    control(cloud, "PUT", "faults", {})


def put(desk: Desk, **asked: object) -> object:
    """Ask the page for faults."""
    return FaultsPage(desk.engine).put(json.dumps(asked).encode())


def test_get_shows_what_put_asked_for(desk: Desk) -> None:
    """Every field of Faults can be set and is shown; what a PUT leaves out goes well again."""
    asked = {
        "seed": 7,
        "interruptions_per_hour": 2.5,
        "interrupted_attempts": 0.05,
        "notice_seconds": 3,
        "docker_timeouts": 0.25,
        "failing_pulls": ["broken"],
        "lost_answers": {"SubmitJob": 0.5},
        "duplicated_events": 0.1,
        "delayed_events": 0.2,
        "reordered_events": 0.3,
        "delay_seconds": 1,
        "submits_a_second": 5,
        "invalid": {"ce": "CLIENT_ERROR - Access denied"},
    }
    assert set(asked) == {field.name for field in fields(Faults)}
    assert put(desk, **asked) == asked == FaultsPage(desk.engine).get()
    put(desk)
    assert desk.engine.faults == Faults()


def test_the_former_names_of_the_fields_are_taken(desk: Desk) -> None:
    """What was written for the fields of before still works, and is shown with the names of today."""
    put(desk, reclaims_an_hour=2, reclaimed_attempts=0.5, unpullable=["broken"])
    expected = Faults(interruptions_per_hour=2, interrupted_attempts=0.5, failing_pulls=frozenset({"broken"}))
    assert desk.engine.faults == expected


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ("", "Expected a JSON object with some of seed, .*, found b''"),
        ("[]", "Expected a JSON object"),
        ('{"sed": 1}', "Expected some of seed, .*, found 'sed'"),
        ('{"seed": 1.5}', "Expected seed to be an integer, found 1.5"),
        ('{"duplicated_events": 2}', "Expected duplicated_events to be a number from 0 to 1, found 2"),
        ('{"delayed_events": true}', "from 0 to 1, found true"),
        (
            '{"interruptions_per_hour": -1}',
            "Expected interruptions_per_hour to be a number of 0 or more, found -1",
        ),
        ('{"interruptions_per_hour": NaN}', "found NaN"),
        (
            '{"submits_a_second": 0}',
            "Expected submits_a_second to be a number of 1 or more, or null, found 0",
        ),
        ('{"failing_pulls": "image"}', "a list of image names"),
        ('{"invalid": ["ce"]}', "an object of compute environments and reasons"),
        ('{"invalid": {"absent": "why"}}', "No compute environment absent is known"),
        ('{"lost_answers": {"Submit": 1}}', "an object of Batch's operations and rates"),
        ('{"interrupt": "nothing"}', "nothing runs on no host: expected the id of a job"),
        ('{"lose_host": "i-0"}', "No instance i-0 is known"),
    ],
)
def test_bad_faults_are_refused(desk: Desk, body: str, sentence: str) -> None:
    """What the page does not know is refused with a sentence, and changes nothing."""
    put(desk, seed=3)
    with pytest.raises(ValueError, match=sentence):
        FaultsPage(desk.engine).put(body.encode())
    assert desk.engine.faults == Faults(seed=3)


def test_a_host_is_lost_and_another_interrupted(desk: Desk) -> None:
    """`interrupt` and `lose_host` end attempts at once, and leave the other faults as they are."""
    put(desk, seed=3)
    job = desk.submit(retryStrategy={"attempts": 3})
    desk.until(job, "RUNNING")
    put(desk, interrupt=job)
    desk.until(job, "RUNNING")
    put(desk, lose_host=desk.engine.scheduler.jobs[job].hosts[0].id)
    desk.until(job, "RUNNING")
    reasons = [attempt["statusReason"] for attempt in desk.job(job)["attempts"]]
    assert len(reasons) == 2
    assert all(reason.startswith("Host EC2 (instance i-") for reason in reasons)
    assert desk.engine.faults == Faults(seed=3)


def test_a_running_cloud_injects_faults_and_stops(queue: Queue) -> None:
    """Through the endpoint: an image fails to be pulled and an answer is lost, until the faults are taken
    back.
    """
    image = "public.ecr.aws/docker/library/broken:1"
    definition = queue.define("true", image=image)
    once = client(queue.paths, "batch", config=Config(retries={"max_attempts": 0}))
    control(queue.paths, "PUT", "faults", {"failing_pulls": [image], "lost_answers": {"SubmitJob": 1}})
    assert control(queue.paths, "GET", "faults")["failing_pulls"] == [image]
    with pytest.raises(ClientError, match="The answer was lost"):
        once.submit_job(jobName="unsure", jobQueue=queue.name, jobDefinition=definition)
    control(queue.paths, "PUT", "faults", {"failing_pulls": [image]})
    assert "CannotPullContainerError" in queue.run(definition)["attempts"][0]["container"]["reason"]
    control(queue.paths, "PUT", "faults", {})
    assert queue.run(definition)["status"] == "SUCCEEDED"


def test_a_running_cloud_refuses_bad_faults(cloud: LocalCloudPaths) -> None:
    """The endpoint answers 400 with the sentence."""
    with pytest.raises(urllib.error.HTTPError, match="400") as caught:
        control(cloud, "PUT", "faults", {"delayed_events": 7})
    assert "Expected delayed_events to be a number from 0 to 1, found 7" in json.load(caught.value)["error"]
