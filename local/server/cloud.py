"""The local cloud: the emulator, with what Sluice adds to it and mends in it."""

import asyncio
from collections.abc import Mapping

from local.emulator.additions import alarm_store, messages, network_types
from local.emulator.additions.alarms import QueueAlarms
from local.emulator.additions.mailbox import Mailbox
from local.emulator.additions.ops_items import OpsItems
from local.emulator.functions import stop_lambda_workers
from local.emulator.logs import put_logs
from local.emulator.patches import access, events, functions, images, item_keys, objects, secrets, stacks
from local.emulator.patches.rotation import ROTATION_SCHEDULE, Rotations
from local.emulator.services import add_resource_types, answer_before, asgi, call_ec2
from local.executors import DOCKER, ExecutorName, docker_executor
from local.paths import LocalCloudPaths
from local.server import batch_service
from local.server.calls import CallCounter
from local.server.faults_page import FaultsPage
from local.server.gateway import Gateway
from local.server.instances_page import InstancesPage
from local.server.pages import Controls
from local.server.serve import serve_until_signal


def run(paths: LocalCloudPaths, executor: ExecutorName, docker: Mapping[str, str]) -> None:
    """Serve the cloud of `paths` until a signal ends the process, then end every process that it started.

    `docker` is the environment in which the docker command line finds its engine.
    """
    calls, mailbox = CallCounter(), Mailbox()
    _mend(paths)
    _add(mailbox)
    in_docker = (
        docker_executor(put_logs, docker, paths.state / "file-systems") if executor == DOCKER else None
    )
    engine = batch_service.start(paths, in_docker)
    alarms = QueueAlarms(alarm_store.queue_alarms, alarm_store.set_alarm)

    def end() -> None:
        alarms.close()
        engine.close()
        stop_lambda_workers()

    pages = Controls(calls, mailbox, FaultsPage(engine), executor, InstancesPage(engine))
    asyncio.run(serve_until_signal(Gateway(asgi, calls, pages), paths, end))


def _mend(paths: LocalCloudPaths) -> None:
    """Mend what ministack does otherwise than AWS."""
    access.count_loopback_as_tls()
    access.name_event_sources()
    events.bound_events_log()
    events.name_scheduled_times()
    functions.address_functions(paths.endpoint)
    functions.gather_batches()
    images.miss_images()
    item_keys.name_items()
    objects.name_versions()
    objects.read_ranges_of_versions()
    secrets.rotate_secrets(Rotations(paths).begin)
    stacks.keep_exports_in_use()
    stacks.check_names_first()


def _add(mailbox: Mailbox) -> None:
    """Add what ministack lacks."""
    messages.capture_messages(mailbox.deliver)
    answer_before("ssm", OpsItems().answer)
    add_resource_types(network_types.handlers(call_ec2))
    add_resource_types(ROTATION_SCHEDULE)
