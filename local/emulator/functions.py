"""The processes of Lambda functions."""

from ministack.core import lambda_runtime


def stop_lambda_workers() -> None:
    """End the processes of all Lambda functions and remove their unpacked code."""
    lambda_runtime.reset()
