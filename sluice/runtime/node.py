"""A node of a multi-node parallel job: where it sits, what its function is given, and what becomes of the
main node's result.

Variables: https://docs.aws.amazon.com/batch/latest/userguide/mnp-env-vars.html
"""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sluice import keys
from sluice.errors import SettingError
from sluice.runtime.errors import NodeError, Stopped
from sluice.runtime.node_info import NodeInfo
from sluice.runtime.result_parts import Parts, encode, part_keys
from sluice.runtime.step_types import Trigger

if TYPE_CHECKING:
    from sluice.runtime.context import Context, Function

METADATA_SECONDS = 5
METADATA_TRIES = 3
# An address that is nobody's: https://datatracker.ietf.org/doc/html/rfc5737
_NOBODY = ("192.0.2.1", 9)
# A node that fails takes its connections with it at once; its report comes a little later.
_PAUSES = (0.0, 1.0, 2.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """What the function of a multi-node step is given: one node among ``count``, with the addresses to talk
    to.

    Every node knows the main node's address; the others' it learns from the main node. When the main node's
    function returns, the job is over and the other nodes are stopped, so it should return last. What it
    returns is the step's result.
    """

    index: int
    count: int
    address: str
    """Its own IPv4 address, which the other nodes can reach."""
    main_address: str
    trigger: Trigger

    @property
    def is_main(self) -> bool:
        """Return whether this is the main node."""
        return self.index == 0


def node(context: Context, function: Function) -> str:
    """Do the work of one node. A later attempt of a main node that had its result returns at once, and the
    job is over.
    """
    seat = context.place.seat
    if seat is None:
        raise SettingError(
            f"Expected a node of a multi-node job for {context.place.step}, found none. Deploy all stacks"
            " together."
        )
    prefix = keys.child_results_prefix(context.place.run, context.place.step, 0)
    written = list(part_keys(context.s3, context.settings.work_bucket, prefix)) if seat.is_main else []
    if written:
        return "done by an earlier attempt"
    result = _worked(context, function, seat)
    if seat.is_main:
        with Parts(context.s3, context.settings.work_bucket, context.place) as parts:
            parts.add(encode(0, result))
    return f"node {seat.index} of {seat.count}"


def _worked(context: Context, function: Function, seat: NodeInfo) -> Any:
    own = own_address(seat.metadata)
    main = own if seat.is_main else seat.main_address
    given = Node(index=seat.index, count=seat.count, address=own, main_address=main, trigger=context.trigger)
    try:
        return function(given, context.out)
    except Stopped:
        raise
    except (Exception, SystemExit) as error:
        own_words = f"{type(error).__name__}: {error}"
        if seat.is_main and (cause := _others_failure(context)) and not cause.endswith(own_words):
            raise NodeError(f"{cause}; then the main node failed: {own_words}") from error
        raise


def _others_failure(context: Context, sleep: Callable[[float], None] = time.sleep) -> str | None:
    """Return what another node of this attempt reported: why the main node failed, more often than not."""
    bucket, place = context.settings.work_bucket, context.place
    prefix = keys.failures_prefix(place.run, place.step, place.generation)
    for pause in _PAUSES:
        sleep(pause)
        for key in part_keys(context.s3, bucket, prefix):
            report: Mapping[str, Any] = json.loads(
                context.s3.get_object(Bucket=bucket, Key=key)["Body"].read()
            )
            if report.get("node") and report.get("attempt") == place.attempt:
                return f"node {report['node']} failed: {report['error']}: {report['message']}"
    return None


def own_address(metadata: str | None) -> str:
    """Return the address of this container's network interface: what the ECS agent says, or else that of the
    way out.
    """
    if metadata:
        return _told_by_agent(metadata)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(_NOBODY)  # Sends nothing: it only chooses the interface.
        return str(probe.getsockname()[0])


def _told_by_agent(metadata: str) -> str:
    """Ask the agent:
    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-metadata-endpoint-v4.html.
    """
    from urllib.request import ProxyHandler, build_opener

    said: object = None
    for attempt in range(METADATA_TRIES):
        try:
            time.sleep(attempt)
            with build_opener(ProxyHandler({})).open(metadata, timeout=METADATA_SECONDS) as answer:
                said = json.loads(answer.read())
                return str(said["Networks"][0]["IPv4Addresses"][0])  # type: ignore[index]
        except (OSError, ValueError, LookupError, TypeError) as error:
            said = said or error
    raise SettingError(
        f"Expected this node's address from {metadata}, found {str(said)[:200]}. Multi-node jobs run with"
        " awsvpc networking."
    )
