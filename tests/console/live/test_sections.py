"""What stands before runs, on the overview: pauses and sets, with their buttons."""

from __future__ import annotations

import json
from unittest.mock import Mock

import pytest

from console import contract
from console.backend import Person
from console.live.backend import LiveBackend
from console.live.overview.sections import WaysIn
from sluice.ledger.pauses import Pauses
from sluice.operate.errors import OperationError, RequestError
from tests.console.live.conftest import CountedCloud
from tests.sluice.clouds import TABLE, refused
from tests.sluice.operate.harness import TRIGGER_QUEUE
from tests.sluice.sets.inboxes import Sets, hour

ADA = Person(name="Ada", roles=("operate",))
SINCE = "2026-11-28T00:00:00.000+00:00"
GROUP_QUEUE = "https://sqs.us-east-1.amazonaws.com/123456789012/group"


@pytest.fixture
def queues(cloud: CountedCloud) -> Mock:
    """Return an SQS that keeps what is sent."""
    cloud.harness.clients["cloudformation"].outputs["SluicePipelines"] = {"GroupQueue": GROUP_QUEUE}
    sqs = Mock()
    cloud._clients["sqs"] = sqs
    return sqs


def _sections(backend: LiveBackend) -> dict[str, contract.Section]:
    return {one.id: one for one in backend.overview().sections}


def _button(section: contract.Section) -> contract.Button:
    (button,) = [one.button for one in section.rows]
    assert button is not None
    return button


def test_where_nothing_is_paused_and_no_set_is_open_nothing_is_shown(backend: LiveBackend) -> None:
    assert _sections(backend) == {}


def test_a_paused_pipeline_is_shown_until_it_goes_on(
    backend: LiveBackend, cloud: CountedCloud, queues: Mock
) -> None:
    """Its button is gone as soon as it is being released; one that is not paused is refused."""
    pauses = Pauses(cloud.harness.clients["dynamodb"], TABLE)
    pauses.pause("words", "new \x1b[31mschema", SINCE)
    pauses.keep("words", "words-a", "{}", SINCE)
    paused = _sections(backend)["paused"]
    assert (paused.rows[0].text, paused.rows[0].since) == (r"words: new \x1b[31mschema (1 wait)", SINCE)
    button = _button(paused)
    assert (button.action, button.address) == ("unpause", "/api/pipelines/words/unpause")
    assert "1 that were kept start" in button.does
    assert "words goes on: 1" in backend.unpause("words", ADA).text[0]
    sent = queues.send_message.call_args.kwargs
    assert (sent["QueueUrl"], json.loads(sent["MessageBody"])["release"]) == (TRIGGER_QUEUE, "words")
    assert _sections(backend)["paused"].rows[0].button is None
    with pytest.raises(RequestError, match="which is not"):
        backend.unpause("others", ADA)


def test_an_open_set_says_what_it_lacks_and_is_closed(
    backend: LiveBackend, cloud: CountedCloud, queues: Mock
) -> None:
    """By its key, as an address."""
    Sets(cloud.harness.clients["dynamodb"]).come(*[hour(number) for number in range(19)])
    sets = _sections(backend)["sets"]
    assert sets.rows[0].text == "sales date=2026-11-28: 19 there, 5 missing: 19, 20, 21, …"
    button = _button(sets)
    assert button.address == "/api/pipelines/sales/sets/date%3D2026-11-28/close"
    assert "its run is sales-" in backend.close_set("sales", "date=2026-11-28", ADA).text[0]
    sent = queues.send_message.call_args.kwargs
    assert (sent["QueueUrl"], json.loads(sent["MessageBody"])["close"]) == (GROUP_QUEUE, 1)
    with pytest.raises(OperationError, match="Open: date=2026-11-28"):
        backend.close_set("sales", "date=2026-01-01", ADA)


def test_what_iam_refuses_greys_the_button(backend: LiveBackend, cloud: CountedCloud, queues: Mock) -> None:
    Pauses(cloud.harness.clients["dynamodb"], TABLE).pause("words", "", SINCE)
    words = "User: arn:aws:iam::1:user/ada is not authorized to perform: sqs:SendMessage on resource: q"
    queues.send_message.side_effect = refused("AccessDenied", words, 403)
    with pytest.raises(Exception, match="not authorized"):
        backend.unpause("words", ADA)
    assert backend.refused == {"unpause": "sqs:SendMessage"}


def test_both_cost_a_query_and_are_kept_for_seconds(backend: LiveBackend, cloud: CountedCloud) -> None:
    """A hundred people who look at the overview cost no more."""
    backend.overview()
    cloud.calls.clear()
    backend.cache.forget()
    backend.overview()
    with_sections = sum(cloud.calls.values())
    assert with_sections > 2
    for _ in range(100):
        backend.overview()
    assert sum(cloud.calls.values()) == with_sections
    cloud.calls.clear()
    WaysIn(cloud).paused()
    WaysIn(cloud).sets()
    assert cloud.calls == {"query": 2}
