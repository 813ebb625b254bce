"""Which event a signed request is, and whether it came before."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluice.errors import MalformedMessageError
from sluice.ledger.idempotency import DeliveryRecords
from sluice.ledger.ledger import Ledger
from sluice.messages import Triggered
from sluice.run.job_names import run_id
from sluice.triggers.signatures import Signed
from sluice.triggers.trigger_event import WebhookDelivery, parse_trigger, stored_trigger
from sluice.triggers.webhook_deliveries import (
    DeliveryRecord,
    ReplayCheck,
    check_replay,
    delivery,
    delivery_record,
    digest,
)
from tests.sluice.clouds import TABLE, dynamodb

BODY = b'{"id": "evt_1", "type": "invoice.paid"}'
VALUE = json.loads(BODY)
SIGNED = {
    "standard": Signed(at=7, id="msg_1"),
    "github": Signed(at=None, id=""),
    "stripe": Signed(at=7, id=""),
}


def found(
    form: str, headers: dict[str, str] | None = None, body: bytes = BODY, value: Any = VALUE
) -> WebhookDelivery:
    """Return the delivery that a request is."""
    return delivery(form, SIGNED[form], headers or {}, body, value)


def test_an_event_is_known_by_what_its_signature_covers() -> None:
    """The sender's id, the digest of the body, the id in the body."""
    assert [found(form).id for form in SIGNED] == ["msg_1", digest(BODY), "evt_1"]


def test_githubs_own_id_makes_no_other_event() -> None:
    """It is not signed: an attacker could change it in a recorded request."""
    ids = [
        found("github", {"x-github-delivery": delivery, "x-github-event": "push"}) for delivery in ("a", "b")
    ]
    assert ids[0] == ids[1]
    assert ids[0].event == "push"


@pytest.mark.parametrize("value", [[], {}, {"id": 1}, {"id": ""}, None, "evt_1"])
def test_an_event_of_stripes_has_an_id(value: Any) -> None:
    """Without one a repetition could not be recognised."""
    with pytest.raises(MalformedMessageError, match="JSON object with an id"):
        found("stripe", value=value)


@pytest.mark.parametrize(
    ("value", "event"), [({"type": "a.b"}, "a.b"), ({"type": 5}, ""), ([], ""), ({}, "")]
)
def test_the_kind_of_an_event_is_kept_where_there_is_one(value: Any, event: str) -> None:
    """Standard Webhooks and Stripe write it into the body as type."""
    assert found("standard", value=value).event == event


@pytest.mark.parametrize(
    ("form", "came", "known", "expected"),
    [
        ("standard", DeliveryRecord(at=7, digest="a"), None, ReplayCheck.NEW),
        (
            "standard",
            DeliveryRecord(at=7, digest="a"),
            DeliveryRecord(at=7, digest="a"),
            ReplayCheck.REPLAYED,
        ),
        (
            "standard",
            DeliveryRecord(at=6, digest="a"),
            DeliveryRecord(at=7, digest="a"),
            ReplayCheck.REPLAYED,
        ),
        (
            "standard",
            DeliveryRecord(at=8, digest="a"),
            DeliveryRecord(at=7, digest="a"),
            ReplayCheck.REPEATED,
        ),
        (
            "standard",
            DeliveryRecord(at=8, digest="b"),
            DeliveryRecord(at=7, digest="a"),
            ReplayCheck.OTHER_BODY,
        ),
        ("stripe", DeliveryRecord(at=8, digest="b"), DeliveryRecord(at=7, digest="a"), ReplayCheck.REPEATED),
        ("stripe", DeliveryRecord(at=7, digest="a"), DeliveryRecord(at=7, digest="a"), ReplayCheck.REPLAYED),
        ("github", delivery_record(SIGNED["github"], BODY), None, ReplayCheck.NEW),
        (
            "github",
            delivery_record(SIGNED["github"], BODY),
            delivery_record(SIGNED["github"], BODY),
            ReplayCheck.REPLAYED,
        ),
    ],
)
def test_a_request_is_new_repeated_or_replayed(
    form: str, came: DeliveryRecord, known: DeliveryRecord | None, expected: ReplayCheck
) -> None:
    """A repetition was signed later than what is known; the same bytes, or older ones, are a replay."""
    assert check_replay(form, came, known) is expected


@given(st.lists(st.integers(1, 5), min_size=1, max_size=20))
def test_no_request_is_taken_twice(times: list[int]) -> None:
    """In whatever order signed requests of an event come, each time stamp is taken at most once, and the
    first always is.
    """
    known: DeliveryRecord | None = None
    taken = []
    for at in times:
        came = DeliveryRecord(at=at, digest="a")
        if check_replay("standard", came, known) in (ReplayCheck.NEW, ReplayCheck.REPEATED):
            known = came
            taken.append(at)
    assert taken[0] == times[0]
    assert len(taken) == len(set(taken))


def test_delivery_records_are_kept_in_the_ledger() -> None:
    """The newest wins, and an older one is refused. A record is no run."""
    now = "2030-01-01T00:00:00+00:00"
    with dynamodb() as client:
        records = DeliveryRecords(client, TABLE)
        assert records.read("r") is None
        assert records.write("r", DeliveryRecord(at=7, digest="a"), now)
        assert records.write("r", DeliveryRecord(at=7, digest="a"), now)  # its answer was lost
        assert not records.write("r", DeliveryRecord(at=7, digest="b"), now)
        assert not records.write("r", DeliveryRecord(at=6, digest="a"), now)
        assert records.write("r", DeliveryRecord(at=8, digest="a"), now)
        assert records.read("r") == DeliveryRecord(at=8, digest="a")
        assert records.read("another") is None
        assert Ledger(client, TABLE).load("r") is None


def triggered(**detail: Any) -> Triggered:
    """Return what the webhook's Lambda puts into the trigger queue."""
    return Triggered(pipeline="p", trigger="webhook", definition={"bucket": "b", "key": "k"}, detail=detail)


def test_a_delivery_comes_through_the_queue_and_the_ledger_as_it_was() -> None:
    """Form, id, event and input; the run's id is made from form and id."""
    message = triggered(form="stripe", id="evt_1", event="invoice.paid", input={"a": [1, None]})
    read = parse_trigger(Triggered.from_json(message.to_json()))
    assert read == WebhookDelivery(form="stripe", id="evt_1", event="invoice.paid", input={"a": [1, None]})
    assert stored_trigger(json.loads(json.dumps(read.to_dict()))) == read
    assert read.uri == "stripe webhook invoice.paid evt_1"
    ids = {
        run_id("p", "webhook", WebhookDelivery(form=form, id="1", input=given).identity())
        for form in SIGNED
        for given in (1, 2)
    }
    assert len(ids) == len(SIGNED)


@pytest.mark.parametrize(
    "detail",
    [
        {},
        {"form": "stripe", "id": "", "event": ""},
        {"form": 1, "id": "a", "event": ""},
        {"form": "a", "id": "b"},
    ],
)
def test_a_message_that_no_webhook_sends_is_malformed(detail: dict[str, Any]) -> None:
    """It is set aside with its reason."""
    with pytest.raises(MalformedMessageError, match="a webhook's delivery"):
        parse_trigger(triggered(**detail))
