"""The webhook Lambda, called as a function URL calls it."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import HTTPClientError
from hypothesis import given, settings
from hypothesis import strategies as st

from sluice.run.job_names import run_id
from sluice.triggers.trigger_event import WebhookDelivery, parse_trigger
from tests.lambdas.conftest import SECRET, Aws
from tests.lambdas.webhook.hooks import BODY, FORMS, Hook, event, now, raising
from tests.sluice.clouds import refused
from tests.sluice.graphs import word_count
from tests.sluice.signers import SIGNERS, github, standard


@pytest.mark.parametrize("form", FORMS)
def test_a_signed_request_is_a_message_and_the_run_that_it_will_be(
    hook: Callable[..., Hook], aws: Aws, form: str
) -> None:
    """202 names the run that the trigger Lambda then begins, with the body as its input."""
    here = hook(form)
    status, document = here.send()
    (message,) = here.queued()
    found = parse_trigger(message)
    assert isinstance(found, WebhookDelivery)
    assert (status, document) == (202, {"run": run_id("words", "webhook", found.identity())})
    assert (found.form, found.input) == (form, json.loads(BODY))
    assert found.event == ("push" if form == "github" else "invoice.paid")
    aws.upload(word_count())
    assert aws.call("trigger", message.to_json(), message.to_json()) == []
    assert [str(job["jobName"]) for job in aws.batch.jobs.values()] == [f"{document['run']}_split_0"]


@pytest.mark.parametrize("form", FORMS)
def test_the_same_request_twice_starts_nothing_more(hook: Callable[..., Hook], form: str) -> None:
    """A replay is refused with the id of its run."""
    here, at = hook(form), now()
    first = here.send(at=at)
    status, document = here.send(at=at)
    assert (status, document["run"]) == (409, first[1]["run"])
    assert len(here.queued()) == 1


@pytest.mark.parametrize("form", ["standard", "stripe"])
def test_an_honest_repetition_is_answered_as_the_first(hook: Callable[..., Hook], form: str) -> None:
    """A sender that lost the answer signs the same event again: the same run, and nothing more is sent. The
    older request is a replay.
    """
    here, at = hook(form), now()
    first = here.send(at=at - 10)
    assert here.send(at=at) == first
    assert [here.send(at=at - age)[0] for age in (0, 5, 10)] == [409] * 3
    assert len(here.queued()) == 1


def test_a_redelivery_of_githubs_is_the_same_run_whatever_its_id(hook: Callable[..., Hook]) -> None:
    """Its id and its kind are not signed; its body is."""
    here = hook("github")
    first = here.send()
    other = here.send(delivery="another")
    assert (other[0], other[1]["run"]) == (409, first[1]["run"])
    assert here.send(BODY + b" ")[1]["run"] != first[1]["run"]


def test_githubs_ping_starts_no_run(hook: Callable[..., Hook]) -> None:
    """It is answered well, or GitHub would show the webhook as broken; unsigned it is refused."""
    here = hook("github")
    headers = {**github(SECRET, BODY), "x-github-event": "ping"}
    assert here.answer(event(headers)) == (200, {"run": None})
    assert here.answer(event({"x-github-event": "ping"}))[0] == 401
    assert here.queued() == []


def test_an_id_stands_for_one_body(hook: Callable[..., Hook]) -> None:
    """Another body under the same id would be lost silently."""
    here = hook()
    first = here.send()
    status, document = here.send(b'{"n": 2}', at=now() + 1)
    assert (status, document["run"]) == (409, first[1]["run"])
    assert "a new webhook-id for a new body" in document["error"]
    assert here.send(b'{"n": 2}', delivery="msg_2")[0] == 202


def test_stripes_repetitions_may_differ(hook: Callable[..., Hook]) -> None:
    """`pending_webhooks` counts down; the event is the same by its id."""
    here, at = hook("stripe"), now()
    first = here.send(b'{"id": "evt_1", "pending_webhooks": 2}', at=at)
    assert here.send(b'{"id": "evt_1", "pending_webhooks": 1}', at=at + 1) == first


def test_a_delivery_without_a_record_is_sent_again(
    hook: Callable[..., Hook], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A Lambda that dies between queue and record leaves no record: the repetition, even the very same bytes,
    sends the same run once more.
    """
    here, at = hook(), now()
    with monkeypatch.context() as patch:
        patch.setattr(here.module.DeliveryRecords, "write", raising(HTTPClientError(error="gone")))
        assert here.send(at=at)[0] == 503
    status, document = here.send(at=at)
    assert status == 202
    deliveries = [found for one in here.queued() if isinstance(found := parse_trigger(one), WebhookDelivery)]
    assert [run_id("words", "webhook", one.identity()) for one in deliveries] == [document["run"]] * 2


def test_a_refused_message_leaves_no_record(
    hook: Callable[..., Hook], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer is to send it again, and the repetition is no replay."""
    here, at = hook(), now()
    with monkeypatch.context() as patch:
        patch.setattr(
            here.aws.client("sqs"), "send_message", raising(refused("ServiceUnavailable", status=503))
        )
        status, document = here.send(at=at)
    assert (status, "Send it again" in document["error"]) == (503, True)
    assert here.send(at=at)[0] == 202
    assert len(here.queued()) == 1


def test_the_same_request_twice_at_the_same_time_is_one_run(
    hook: Callable[..., Hook], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second write of the very record cannot be told from one's own, whose answer was lost; both may be
    in the queue, where they are the same run. A request that is not at the same time is refused as a replay.
    """
    here, at = hook(), now()
    monkeypatch.setattr(here.module.DeliveryRecords, "read", lambda *_: None)
    answers = [here.send(at=at) for _ in range(2)]
    assert [status for status, _ in answers] == [202, 202]
    assert answers[0][1]["run"] == answers[1][1]["run"]


@pytest.mark.parametrize("form", ["standard", "stripe"])
@pytest.mark.parametrize("age", [310, -310])
def test_what_was_signed_too_long_ago_is_refused(hook: Callable[..., Hook], form: str, age: int) -> None:
    """And what comes from the future."""
    here = hook(form)
    status, document = here.send(at=now() - age)
    assert (status, "time stamp within 300 seconds" in document["error"]) == (401, True)
    assert here.queued() == []


@pytest.mark.parametrize("form", FORMS)
def test_wrong_signatures_have_one_answer(hook: Callable[..., Hook], form: str) -> None:
    """No header, an empty one, noise, another secret, another body: the answers are equal."""
    here = hook(form)
    headers = SIGNERS[form](here.secret, BODY, now())
    wrong: list[dict[str, Any]] = [
        event({}),
        event(dict.fromkeys(headers, "")),
        event(dict.fromkeys(headers, "noise é\x00")),
        event(SIGNERS[form]("A" * 32, BODY, now())),
        event(headers, BODY + b" "),
        event(headers, b""),
        event(headers, b"\xff" * 10),
    ]
    answers = [here.answer(one) for one in wrong]
    assert {status for status, _ in answers} == {401}
    assert len({document["error"] for _, document in answers}) == 1
    assert here.queued() == []


def test_an_event_of_stripes_without_an_id_is_refused(hook: Callable[..., Hook]) -> None:
    """A repetition could not be recognised."""
    assert hook("stripe").send(b"{}")[0] == 400


def test_the_previous_secret_stays_valid(hook: Callable[..., Hook], aws: Aws) -> None:
    """Two are valid at once; the one before them is not."""
    here = hook()
    new = [base64.b64encode(bytes([number] * 32)).decode() for number in (1, 2)]
    for number, secret in enumerate(new):
        aws.client("secretsmanager").put_secret_value(SecretId=aws.secret, SecretString=secret)
        assert here.send(secret=secret, delivery=f"new_{number}")[0] == 202
    assert here.send(secret=new[0], delivery="before")[0] == 202
    assert here.send(secret=SECRET, delivery="long ago")[0] == 401


def test_an_invalid_secret_accepts_no_request(hook: Callable[..., Hook], aws: Aws) -> None:
    """It is our fault and not the caller's; the log names the secret."""
    here = hook()
    aws.client("secretsmanager").put_secret_value(SecretId=aws.secret, SecretString="short")
    here.module.keys._read_at = 0
    assert here.send(secret=base64.b64encode(b"short").decode())[0] == 503


@pytest.mark.parametrize("service", ["dynamodb", "secretsmanager"])
def test_a_failure_of_aws_is_a_503(
    hook: Callable[..., Hook], monkeypatch: pytest.MonkeyPatch, service: str
) -> None:
    """503, and when to come again; not a word of what is broken."""
    here = hook()
    target = here.module.records.client if service == "dynamodb" else here.module.keys.client
    call = "get_item" if service == "dynamodb" else "get_secret_value"
    monkeypatch.setattr(target, call, raising(refused("AccessDeniedException", "arn:secret", 403)))
    found = here.module.handler(event(standard(SECRET, BODY, now())), None)
    assert (found["statusCode"], found["headers"]["retry-after"]) == (503, "5")
    assert "arn" not in found["body"]


# `make fuzz` looks further.
EXAMPLES = int(os.environ.get("SLUICE_FUZZ_EXAMPLES", "300"))
HEADERS = st.dictionaries(
    st.sampled_from([name for form in FORMS for name in SIGNERS[form](SECRET, b"", 0)]) | st.text(max_size=5),
    st.text(max_size=40),
)


def test_noise_never_raises_and_never_gets_in(hook: Callable[..., Hook], schema: str) -> None:
    """Whatever comes, the answer is JSON with a refusal's status."""
    here = hook(SCHEMA=schema)

    @settings(max_examples=EXAMPLES, deadline=None)
    @given(HEADERS, st.text() | st.none(), st.booleans(), st.sampled_from(["POST", "GET", ""]))
    def check(headers: dict[str, str], body: str | None, encoded: bool, method: str) -> None:
        status, document = here.answer(
            event(headers, method=method) | {"body": body, "isBase64Encoded": encoded}
        )
        assert status in (400, 401, 405)
        assert document["error"].startswith("Expected ")

    check()
    assert here.queued() == []


def test_signed_noise_never_raises(hook: Callable[..., Hook], schema: str) -> None:
    """A sender with the secret may still send anything: it is accepted, or refused with its fault."""
    here = hook(SCHEMA=schema)

    @settings(max_examples=EXAMPLES, deadline=None)
    @given(
        st.binary(max_size=200) | st.text(alphabet='[]{}",:0129.eE-truefalsn a', max_size=60).map(str.encode)
    )
    def check(body: bytes) -> None:
        assert here.send(body, at=now() - 10)[0] in (202, 400, 409, 422)

    check()
