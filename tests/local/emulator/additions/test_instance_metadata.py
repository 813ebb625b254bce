"""The metadata of an instance, as IMDSv2 answers."""

from __future__ import annotations

import json

import pytest

from local.emulator.additions.instance_metadata import SESSION_HEADER, TTL_HEADER, Instance, InstanceMetadata

SPOT = Instance("i-1", "m7i.large", is_spot=True)
OTHER = Instance("i-2", "m7i.large", is_spot=False)
NOTICED = Instance("i-3", "m7i.large", is_spot=True, leaves_at=1_795_899_600_500)


class Clock:
    """A clock that a test moves."""

    now = 0.0

    def __call__(self) -> float:
        """The time."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    """A clock."""
    return Clock()


@pytest.fixture
def metadata(clock: Clock) -> InstanceMetadata:
    """The metadata of three instances."""
    return InstanceMetadata({one.id: one for one in (SPOT, OTHER, NOTICED)}.get, clock)


def token(metadata: InstanceMetadata, instance: str = "i-1", seconds: str = "60") -> str:
    """Open a session."""
    status, text = metadata.answer("PUT", f"{instance}/latest/api/token", {TTL_HEADER: seconds})
    assert status == 200
    return text


def test_nothing_is_told_without_a_valid_token(metadata: InstanceMetadata, clock: Clock) -> None:
    """Missing, of another instance, or too old."""
    page = "i-1/latest/meta-data/instance-id"
    assert metadata.answer("GET", page, {}) == (401, "")
    assert metadata.answer("GET", page, {SESSION_HEADER: token(metadata, "i-2")}) == (401, "")
    mine = {SESSION_HEADER: token(metadata)}
    assert metadata.answer("GET", page, mine) == (200, "i-1")
    clock.now = 60.0
    assert metadata.answer("GET", page, mine) == (401, "")


@pytest.mark.parametrize("seconds", ["", "0", "21601", "-1", "an hour"])
def test_a_session_has_a_length(metadata: InstanceMetadata, seconds: str) -> None:
    """Of a second to six hours."""
    asked = {TTL_HEADER: seconds} if seconds else {}
    assert metadata.answer("PUT", "i-1/latest/api/token", asked) == (400, "")


@pytest.mark.parametrize(("instance", "kind"), [("i-1", "spot"), ("i-2", "on-demand")])
def test_an_instance_says_what_it_is(metadata: InstanceMetadata, instance: str, kind: str) -> None:
    """A spot instance without a notice has no action."""
    mine, pages = {SESSION_HEADER: token(metadata, instance)}, f"{instance}/latest/meta-data/"
    assert metadata.answer("GET", f"{pages}instance-life-cycle", mine) == (200, kind)
    assert metadata.answer("GET", f"{pages}instance-type", mine) == (200, "m7i.large")
    for name in ("spot/instance-action", "spot/termination-time", "iam/security-credentials/", "absent"):
        assert metadata.answer("GET", f"{pages}{name}", mine) == (404, "")


def test_a_noticed_instance_says_when_it_goes(metadata: InstanceMetadata) -> None:
    """As EC2 writes it."""
    mine, pages = {SESSION_HEADER: token(metadata, "i-3")}, "i-3/latest/meta-data/spot"
    status, text = metadata.answer("GET", f"{pages}/instance-action", mine)
    assert (status, json.loads(text)) == (200, {"action": "terminate", "time": "2026-11-28T21:00:00Z"})
    assert metadata.answer("GET", f"{pages}/termination-time", mine) == (200, "2026-11-28T21:00:00Z")


@pytest.mark.parametrize(
    ("method", "page", "status"),
    [
        ("GET", "i-4/latest/meta-data/instance-id", 404),
        ("POST", "i-1/latest/meta-data/instance-id", 405),
        ("PUT", "i-1/latest/meta-data/instance-id", 405),
        ("GET", "i-1", 401),
    ],
)
def test_what_is_not_there(metadata: InstanceMetadata, method: str, page: str, status: int) -> None:
    """Another instance, another method, no page."""
    assert metadata.answer(method, page, {}) == (status, "")
    assert metadata.answer("GET", "i-1/latest/dynamic/x", {SESSION_HEADER: token(metadata)}) == (404, "")
