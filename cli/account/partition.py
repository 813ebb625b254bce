"""The partitions of AWS in which Sluice can be deployed."""

from __future__ import annotations

from cli.account.errors import AccountError

KNOWN = "aws"


def check_partition(caller_arn: str) -> None:
    """Raise AccountError for an account of another partition, such as China's: the layer of Powertools is
    published in ``aws`` alone, and nothing of Sluice was tested elsewhere.

    https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/partitions.html
    """
    partition = caller_arn.split(":")[1]
    if partition != KNOWN:
        raise AccountError(
            f"Expected an account of the partition {KNOWN!r}, found one of {partition!r}: the Lambda layer of"
            " Powertools and the policies of Sluice are for the former. Deploy to a commercial Region."
        )
