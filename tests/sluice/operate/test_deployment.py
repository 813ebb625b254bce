"""What a deployed app is called by."""

from __future__ import annotations

import pytest

from sluice.operate.deployment import Deployment
from sluice.operate.errors import NotDeployedError, OperationError
from tests.sluice.clouds import TABLE
from tests.sluice.graphs import QUEUES
from tests.sluice.operate.harness import OperateHarness


def test_names_are_those_of_the_stacks_outputs(harness: OperateHarness) -> None:
    """The ledger and the queues are those of the stacks' outputs."""
    assert (harness.deployment.table, harness.deployment.queues) == (TABLE, QUEUES)


def test_the_queues_of_one_pipeline_alone_are_known_by_their_keys(harness: OperateHarness) -> None:
    """Beside those of everybody, whatever their outputs are called."""
    own = QUEUES["normal"].replace("Sluice_normal", "Sluice_word-count_normal")
    harness.clients["cloudformation"].outputs["SluiceCompute"]["wordcountNormalQueue0AB1"] = own
    assert harness.deployment.queues == {**QUEUES, "word-count_normal": own}


def test_sluice_is_not_deployed(harness: OperateHarness) -> None:
    """A cloud without the stacks is an error; so are stacks of another age."""
    del harness.clients["cloudformation"].outputs["SluiceStorage"]["LedgerTable"]
    with pytest.raises(
        OperationError, match="the stack SluiceStorage in the test to have the output LedgerTable, found none"
    ):
        _ = harness.deployment.table
    del harness.clients["cloudformation"].outputs["SluiceStorage"]
    deployment = Deployment(harness.clients["cloudformation"], "the test")
    with pytest.raises(
        NotDeployedError, match=r"Expected Sluice in the test, found no stack SluiceStorage\."
    ):
        _ = deployment.table
