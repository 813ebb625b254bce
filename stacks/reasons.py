"""How an exception to a security rule is written down: on the construct that it is about, with its reason."""

from __future__ import annotations

from aws_cdk import Acknowledgment, Validations
from constructs import IConstruct


def accept(construct: IConstruct, rule: str, reason: str) -> None:
    """Accept a finding of cdk-nag on a construct and what is inside it, such as ``AwsSolutions-S1``."""
    Validations.of(construct).acknowledge(Acknowledgment(id=rule, reason=reason))
