"""Lacking: what passes between accounts. Rules that send to the bus of another account, and policies of
buckets that name the role of another account and not only the account.
"""

import json
import logging
from collections.abc import Mapping
from contextvars import copy_context
from typing import Any

from ministack import app as gateway
from ministack.core import iam_actions, iam_evaluator
from ministack.core.arn import ArnParseError, parse_arn
from ministack.services import (
    eventbridge,
    iam,
    s3,
)

from local.emulator.access import access_key_of, role_credentials
from local.emulator.services import caller_scope, scope

_PUT = "events:PutEvents"
_logger = logging.getLogger(__name__)


def forward_events() -> None:
    """Let a rule send its events to a bus of another account or Region, as far as the target's role, and the
    bus's policy, allow it while IAM is enforced; else to the target's dead-letter queue.

    ministack knows buses of the same account alone.
    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-cross-account.html
    """
    invoke = eventbridge._invoke_target

    def invoke_target(target: dict[str, Any], event: dict[str, Any], rule: dict[str, Any], *more: Any) -> Any:
        bus = foreign_bus(str(target.get("Arn", "")))
        if bus is None:
            return invoke(target, event, rule, *more)
        if copy_context().run(_may_send, target, event):
            return _send(bus, event)
        dead_letters = (target.get("DeadLetterConfig") or {}).get("Arn", "")
        _logger.warning("EventBridge: the rule %s may not send to %s", rule.get("Name"), target["Arn"])
        return (
            invoke({"Id": "DeadLetters", "Arn": dead_letters}, event, rule, *more) if dead_letters else None
        )

    eventbridge._invoke_target = invoke_target


def keep_bus_policies() -> None:
    """Let PutPermission keep the whole policy that it is given, and name accounts as policies do; ministack
    takes a policy for the permission of everybody.

    https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutPermission.html
    """
    put = eventbridge._put_permission

    def put_permission(data: dict[str, Any]) -> Any:
        answer = put(data)
        policy = eventbridge._event_bus_policies[data.get("EventBusName", "default")]
        if data.get("Policy"):
            policy["Statement"] = json.loads(data["Policy"])["Statement"]
        for statement in policy["Statement"]:
            if str(statement["Principal"]).isdecimal():
                statement["Principal"] = {"AWS": f"arn:aws:iam::{statement['Principal']}:root"}
        return answer

    eventbridge._put_permission = put_permission


def foreign_bus(arn: str) -> tuple[str, str, str] | None:
    """Return the account, the Region and the name of a bus that is of others than the request's."""
    try:
        found = parse_arn(arn)
    except ArnParseError:
        return None
    place = (str(found.account_id), str(found.region))
    if found.service != "events" or not found.resource.startswith("event-bus/") or place == caller_scope():
        return None
    return (*place, found.resource.partition("/")[2])


def _send(bus: tuple[str, str, str], event: Mapping[str, Any]) -> None:
    account, region, name = bus
    # It stays the event of its account and Region: rules ask for these.
    sent = {"Account": caller_scope()[0], "Region": caller_scope()[1], **event, "EventBusName": name}
    with scope(account, region):
        if name == "default" or name in eventbridge._event_buses:
            eventbridge._dispatch_event(sent)


def _may_send(target: Mapping[str, Any], event: Mapping[str, Any]) -> bool:
    """Return whether the target's role may send an event to a bus, and the bus takes it from its account."""
    if not gateway.AUTH:
        return True
    arn, role = str(target["Arn"]), str(target.get("RoleArn") or "")
    context = {"events:source": event.get("Source", ""), "events:detail-type": event.get("DetailType", "")}
    return bool(role) and _role_may(role, arn, context) and _bus_takes(role, arn, context)


def _role_may(role: str, arn: str, context: Mapping[str, Any]) -> bool:
    key = role_credentials(role, "EventBridge")["AWS_ACCESS_KEY_ID"]
    principal = iam_evaluator.resolve_principal(key, caller_scope()[0])
    if not isinstance(principal, iam_evaluator.PrincipalInfo) or principal.policies is None:
        return False
    asked = _asked(principal.arn, principal.account, arn, _PUT, context)
    return bool(iam_evaluator.evaluate(asked, principal.policies, *principal.limits).decision == "Allow")


def _bus_takes(role: str, arn: str, context: Mapping[str, Any]) -> bool:
    account, region, name = arn.split(":")[4], arn.split(":")[3], arn.rpartition("/")[2]
    with scope(account, region):
        policy = eventbridge._event_bus_policies.get(name)
    asked = _asked(role, role.split(":")[4], arn, _PUT, context)
    found = iam_evaluator.evaluate_resource_policy(policy, asked)
    return bool(found.decision == "Allow")


def name_foreign_roles() -> None:
    """Let the policy of a bucket be about the very role of another account that calls, while IAM is enforced:
    ministack takes all of an account for its root user, which conditions on ``aws:PrincipalArn`` refuse.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/example-walkthroughs-managing-access-example2.html
    """
    allows = s3._foreign_bucket_allows

    def foreign_bucket_allows(
        owner: str,
        bucket: str,
        key: str,
        method: str,
        query: Mapping[str, Any],
        caller: str,
        headers: Mapping[str, str] | None = None,
    ) -> bool:
        given = headers or {}
        principal = _principal(given, query, caller) if gateway.AUTH and caller else None
        if principal is None:
            return bool(allows(owner, bucket, key, method, query, caller, headers))
        action = f"s3:{iam_actions._s3_action(method, _path(bucket, key), query)}"
        with scope(owner, caller_scope()[1]):
            context = iam_actions.s3_service_context(action, query, _path(bucket, key), given)
            policy = s3._bucket_policies.get(bucket)
        arn = f"arn:aws:s3:::{bucket}/{key}" if key else f"arn:aws:s3:::{bucket}"
        asked = _asked(_role_of(principal.arn), principal.account, arn, action, context, principal.keys)
        return bool(iam_evaluator.evaluate_resource_policy(policy, asked).decision == "Allow")

    s3._foreign_bucket_allows = foreign_bucket_allows


def _principal(headers: Mapping[str, str], query: Mapping[str, Any], caller: str) -> Any:
    """Return the role or user that signed a request; None for an account's root user."""
    found = iam_evaluator.resolve_principal(access_key_of(headers, query), caller)
    is_known = isinstance(found, iam_evaluator.PrincipalInfo) and found.policies is not None
    return found if is_known else None


def _role_of(arn: str) -> str:
    """Return the ARN of the role that a session is of: ``aws:PrincipalArn`` is the role's, with its path.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-principalarn
    """
    if ":assumed-role/" not in arn:
        return arn
    account, name = arn.split(":")[4], arn.split("/")[1]
    found = iam._roles.get_scoped(account, None, name) or {}
    return str(found.get("Arn") or f"arn:aws:iam::{account}:role/{name}")


def _path(bucket: str, key: str) -> str:
    return f"/{bucket}/{key}" if key else f"/{bucket}"


def _asked(
    principal: str,
    account: str,
    resource: str,
    action: str,
    context: Mapping[str, Any],
    keys: Mapping[str, Any] | None = None,
) -> Any:
    return iam_evaluator.EvalContext(
        principal_arn=principal,
        principal_type="AssumedRole",
        principal_account=account,
        action=action,
        resource_arn=resource,
        region=caller_scope()[1],
        service_context={name.lower(): value for name, value in context.items()},
        principal_keys=dict(keys or {}),
    )
