"""The local cloud: the emulator, with what Sluice adds to it."""

import asyncio
from collections.abc import Mapping

from local import emulator
from local.emulator.additions import network_types
from local.emulator.additions.alarms import QueueAlarms
from local.emulator.additions.mailbox import Mailbox
from local.emulator.additions.ops_items import OpsItems
from local.emulator.patches.rotation import ROTATION_SCHEDULE, Rotations
from local.executors import DOCKER, ExecutorName, docker_executor
from local.paths import Place
from local.server import batch_service
from local.server.calls import CallCounter
from local.server.faults_page import FaultsPage
from local.server.gateway import Gateway
from local.server.instances_page import InstancesPage
from local.server.pages import Controls
from local.server.serve import serve_until_told


def run(place: Place, executor: ExecutorName, docker: Mapping[str, str]) -> None:
    """Serve the cloud at `place` until the process is told to end, then end every process that it started.

    `docker` is the environment in which the docker command line finds its engine.
    """
    calls, mailbox = CallCounter(), Mailbox()
    emulator.capture_messages(mailbox.deliver)
    emulator.miss_images()
    emulator.name_versions()
    emulator.name_scheduled_times()
    emulator.read_ranges_of_versions()
    emulator.gather_batches()
    emulator.count_loopback_as_tls()
    emulator.name_event_sources()
    emulator.answer_before("ssm", OpsItems().answer)
    emulator.bound_events_log()
    emulator.add_resource_types(network_types.handlers(emulator.call_ec2))
    emulator.address_functions(place.endpoint)
    emulator.rotate_secrets(Rotations(place).begin)
    emulator.add_resource_types(ROTATION_SCHEDULE)
    in_docker = (
        docker_executor(emulator.put_logs, docker, place.state / "file-systems")
        if executor == DOCKER
        else None
    )
    engine = batch_service.start(place, in_docker)
    alarms = QueueAlarms(emulator.queue_alarms, emulator.set_alarm)

    def end() -> None:
        alarms.close()
        engine.close()
        emulator.stop_lambda_workers()

    gateway = Gateway(
        emulator.asgi, calls, Controls(calls, mailbox, FaultsPage(engine), executor, InstancesPage(engine))
    )
    asyncio.run(serve_until_told(gateway, place, end))
