"""The address of a node, from the ECS agent or else from the network."""

from __future__ import annotations

import pytest

from sluice.errors import SettingError
from sluice.runtime.kinds.node_address import own_address


def test_without_an_agent_the_address_is_that_of_the_way_out() -> None:
    """An IPv4 address of this machine."""
    parts = own_address(None).split(".")
    assert len(parts) == 4
    assert all(0 <= int(part) <= 255 for part in parts)


def test_an_agent_that_knows_no_address_is_an_error(agent: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not a node that cannot be reached."""
    monkeypatch.setattr("sluice.runtime.kinds.node_address.METADATA_TRIES", 1)
    with pytest.raises(SettingError, match="Expected this node's address from"):
        own_address(f"{agent}/nothing/x")
    with pytest.raises(SettingError, match="awsvpc networking"):
        own_address("http://127.0.0.1:9/x")
