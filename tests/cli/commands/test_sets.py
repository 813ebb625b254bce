"""What `sluice sets` prints, and how it has a set closed."""

from __future__ import annotations

import json

import pytest

from cli.commands.sets import close, sets
from sluice.operate.errors import OperationError
from tests.cli.harness import CommandHarness
from tests.sluice.sets.inboxes import Sets, file, hour

QUEUE = "https://sqs.us-east-1.amazonaws.com/123456789012/group"


class Sent:
    """SQS: keeps what is sent to the queue of the groups."""

    def __init__(self) -> None:
        """Have nothing sent."""
        self.bodies: list[str] = []

    def send_message(self, **request: str) -> None:
        """Keep a message."""
        assert request["QueueUrl"] == QUEUE
        self.bodies.append(request["MessageBody"])


@pytest.fixture
def two(harness: CommandHarness) -> CommandHarness:
    """Two open sets, and a key that belongs to none."""
    found = Sets(harness.client)
    found.come(*[hour(number) for number in range(22)], file("sales/x.csv"))
    found.come(hour(1, day="2026-11-29"))
    harness.clients["cloudformation"].outputs["SluicePipelines"] = {"GroupQueue": QUEUE}
    harness.clients["sqs"] = Sent()
    return harness


def test_open_sets_say_what_is_missing(two: CommandHarness, capsys: pytest.CaptureFixture[str]) -> None:
    """Since when, and which keys belong to none."""
    assert sets(two.given("sets", "list"), two.cloud) == 0
    out, err = capsys.readouterr()
    (line,) = [line for line in out.splitlines() if "date=2026-11-28" in line]
    assert line.split()[0] == "sales"
    assert line.split()[-4:] == ["22", "2", "22,", "23"]
    assert "sales/x.csv belongs to no set of sales: it is no sales/{date}/{hour:02}.csv." in err


def test_json_has_the_same(two: CommandHarness, capsys: pytest.CaptureFixture[str]) -> None:
    """For programs."""
    sets(two.given("sets", "list", "--json", "--pipeline", "sales"), two.cloud)
    found = json.loads(capsys.readouterr().out)
    assert [(one["set"], one["missing"]) for one in found["open"]] == [
        ("date=2026-11-28", 2),
        ("date=2026-11-29", 23),
    ]
    assert found["open"][0]["names"] == ["22", "23"]
    assert found["unmatched"][0]["keys"].keys() == {"sales/x.csv"}
    sets(two.given("sets", "list", "--json", "--pipeline", "other"), two.cloud)
    assert json.loads(capsys.readouterr().out) == {"open": [], "unmatched": []}


@pytest.mark.parametrize("name", ["date=2026-11-28", "2026-11-28"])
def test_a_set_is_closed_by_its_key(
    two: CommandHarness, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The group Lambda is asked to; the run's id is known already."""
    assert close(two.given("sets", "close", "sales", name), two.cloud) == 0
    assert "its run is sales-" in capsys.readouterr().out
    (sent,) = two.clients["sqs"].bodies
    assert json.loads(sent)["partition"] == {"date": "2026-11-28"}
    assert json.loads(sent)["close"] == 1


def test_a_set_that_is_not_open_is_refused(two: CommandHarness) -> None:
    """With those that are."""
    with pytest.raises(
        OperationError, match=r"which no open set has\. Open: date=2026-11-28, date=2026-11-29"
    ):
        close(two.given("sets", "close", "sales", "date=2026-01-01"), two.cloud)


def test_where_no_set_is_open_that_is_said(two: CommandHarness) -> None:
    """Of this pipeline."""
    with pytest.raises(OperationError, match=r"which no open set has\. None of its sets is open"):
        close(two.given("sets", "close", "other", "date=2026-01-01"), two.cloud)
