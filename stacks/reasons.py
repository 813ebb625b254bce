"""Exceptions to security rules, each recorded on the construct that it is about, with its reason."""

from __future__ import annotations

from aws_cdk import Acknowledgment, Validations
from constructs import IConstruct


def accept(construct: IConstruct, rule: str, reason: str) -> None:
    """Accept a finding of cdk-nag, such as ``AwsSolutions-S1``, on a construct and what is inside it."""
    Validations.of(construct).acknowledge(Acknowledgment(id=rule, reason=reason))
