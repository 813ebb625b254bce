"""Other partitions are refused by name, before anything is made."""

from __future__ import annotations

import pytest

from cli.account.errors import AccountError
from cli.account.partition import check_partition


@pytest.mark.parametrize("partition", ["aws-cn", "aws-us-gov", "aws-iso"])
def test_another_partition_is_refused_by_its_name(partition: str) -> None:
    """By what the caller is, whatever the region is called."""
    with pytest.raises(AccountError, match=f"found one of '{partition}'"):
        check_partition(f"arn:{partition}:sts::111122223333:assumed-role/admin/me")


def test_the_commercial_one_passes() -> None:
    """Any of its regions."""
    check_partition("arn:aws:iam::111122223333:user/me")
