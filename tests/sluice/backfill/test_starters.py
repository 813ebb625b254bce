"""What starts the runs of a target."""

from __future__ import annotations

from unittest.mock import Mock

from sluice.backfill.starters import Starters
from sluice.backfill.starting import GroupStarter, SingleStarter
from sluice.messages import GroupDue
from tests.sluice.backfill.test_target import target


def test_a_target_has_a_run_for_each_object_or_for_groups_of_them() -> None:
    """As its trigger has."""
    starters = Starters(client=Mock(), table="t", work_bucket="work", trigger_queue="q")
    assert isinstance(starters.of(target()), SingleStarter)
    assert isinstance(starters.of(target(group_of=10)), GroupStarter)


def test_no_reminder_is_sent() -> None:
    """A group whose process died is the sweep's."""
    client = Mock()
    starters = Starters(client=client, table="t", work_bucket="work", trigger_queue="q")
    starter = starters.of(target(group_of=10))
    assert isinstance(starter, GroupStarter)
    client.reset_mock()
    starter.gatherer.remind(GroupDue(pipeline="sales", trigger="t", number=1), 900)
    assert client.mock_calls == []
