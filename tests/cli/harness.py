"""What commands need: a cloud over the fakes of ``tests.sluice.operate.harness``, and parsed words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from moto import mock_aws

from cli.cloud import Cloud
from cli.main import parser
from tests.sluice.operate.harness import OperateHarness


class CommandHarness(OperateHarness):
    """A harness with a cloud, as commands are given it."""

    def __init__(self) -> None:
        """Begin with stacks and an empty ledger, inside of moto."""
        super().__init__()
        self.cloud = Cloud(self.clients.__getitem__, "the test")

    def given(self, *words: str) -> Any:
        """Return what the parser makes of a command line."""
        return parser().parse_args(words)


@contextmanager
def command_harness() -> Iterator[CommandHarness]:
    """Yield a harness, inside of moto."""
    with mock_aws():
        yield CommandHarness()
