"""Service-linked roles are there before the stacks are made."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from cli.account.service_roles import ROLES, create_service_linked_roles

SERVICES = tuple(ROLES.values())


class Iam:
    """An account with some of the roles; ``refusal`` is what it says to who may make none."""

    def __init__(self, *there: str, refusal: str = "") -> None:
        self.there, self.refusal = set(there), refusal

    def create_service_linked_role(self, **parameters: Any) -> None:
        """Create a role once."""
        service = parameters["AWSServiceName"]
        code = self.refusal or ("InvalidInput" if service in self.there else "")
        if code:
            raise ClientError({"Error": {"Code": code, "Message": "no"}}, "CreateServiceLinkedRole")
        self.there.add(service)


def test_those_that_are_missing_are_made() -> None:
    """The others are left as they are, and nothing is said of them."""
    iam, said = Iam("ecs.amazonaws.com"), list[str]()
    create_service_linked_roles(iam, said.append)
    assert iam.there == set(SERVICES)
    assert len(said) == len(SERVICES) - 1
    said.clear()
    create_service_linked_roles(iam, said.append)
    assert said == []


def test_who_may_not_make_them_learns_which_and_how() -> None:
    """They may be there: the deploy goes on."""
    said = list[str]()
    create_service_linked_roles(Iam(refusal="AccessDenied"), said.append)
    assert len(said) == len(SERVICES)
    assert all(f"--aws-service-name {one}" in line for one, line in zip(SERVICES, said, strict=True))
