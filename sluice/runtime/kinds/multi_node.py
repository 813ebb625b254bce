"""A node of a multi-node parallel job: what its function is given, and where the result goes.

Source: https://docs.aws.amazon.com/batch/latest/userguide/multi-node-parallel-jobs.html
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from typing import Any

from sluice import keys
from sluice.errors import SettingError
from sluice.runtime.errors import NodeError, Stopped
from sluice.runtime.interface.node import Node
from sluice.runtime.kinds.node_address import own_address
from sluice.runtime.node_info import NodeInfo
from sluice.runtime.step_context import StepContext
from sluice.runtime.step_function import Function
from sluice.runtime.stored.result_parts import encode, part_keys
from sluice.runtime.worker.report import Report, Returned

# A node that fails takes its connections with it at once; its report comes a little later.
_PAUSES = (0.0, 1.0, 2.0)


def run_node(context: StepContext, function: Function, report: Report) -> Returned:
    """Do the work of one node; the result of the step is that of the main node."""
    node = context.job.node
    if node is None:
        raise SettingError(
            f"Expected a node of a multi-node job for {context.job.step}, found none. Deploy all stacks"
            " together."
        )
    given = _given(context, node)
    report.begins()
    result = _call(function, given, context)
    if node.is_main:
        report.finished(encode(0, result))
    return Returned(text=f"node {node.rank} of {node.world_size}")


def has_result(context: StepContext) -> bool:
    """Return whether an earlier attempt of a main node had its result: then the job is over."""
    if context.job.node is None or not context.job.node.is_main:
        return False
    prefix = keys.child_results_prefix(context.job.run, context.job.step, 0)
    return any(part_keys(context.s3, context.settings.work_bucket, prefix))


def _given(context: StepContext, node: NodeInfo) -> Node:
    own = node.address or own_address(node.metadata)
    return Node(
        index=node.rank,
        count=node.world_size,
        address=own,
        main_address=own if node.is_main else node.main_address,
        trigger=context.trigger,
    )


def _call(function: Function, node: Node, context: StepContext) -> Any:
    try:
        return function(node, context.out)
    except Stopped:
        raise
    except (Exception, SystemExit) as error:
        own_failure = f"{type(error).__name__}: {error}"
        cause = failure_of_another_node(context)
        if cause and not cause.endswith(own_failure):
            raise NodeError(f"{cause}; then the main node failed: {own_failure}") from error
        raise


def failure_of_another_node(context: StepContext, sleep: Callable[[float], None] = time.sleep) -> str | None:
    """Return to a main node what another node of this attempt reported: most often it is why the main node
    failed.
    """
    if context.job.node is None or not context.job.node.is_main:
        return None
    bucket, job = context.settings.work_bucket, context.job
    prefix = keys.failures_prefix(job.run, job.step, job.generation)
    for pause in _PAUSES:
        sleep(pause)
        for key in part_keys(context.s3, bucket, prefix):
            body = context.s3.get_object(Bucket=bucket, Key=key)["Body"].read()
            report: Mapping[str, Any] = json.loads(body)
            if report.get("node") and report.get("attempt") == job.attempt:
                return f"node {report['node']} failed: {report['error']}: {report['message']}"
    return None
