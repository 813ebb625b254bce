"""The local cloud: the emulator, with what Sluice adds to it and mends in it."""

import asyncio
from collections.abc import Mapping
from secrets import token_urlsafe

from local.batch.ports import Executor, LogSink
from local.emulator.additions import alarm_store, messages, network_types
from local.emulator.additions.alarms import QueueAlarms
from local.emulator.additions.mailbox import Mailbox
from local.emulator.additions.ops_items import OpsItems
from local.emulator.functions import stop_lambda_workers
from local.emulator.patches import access, events, functions, images, item_keys, objects, secrets, stacks
from local.emulator.patches.rotation import ROTATION_SCHEDULE, Rotations
from local.emulator.services import add_resource_types, answer_before, asgi, call_ec2
from local.executors import DOCKER, ExecutorName, docker_executor
from local.paths import LocalCloudPaths
from local.secret_key import secret_key
from local.server import batch_service
from local.server.calls import CallCounter
from local.server.entry.guard import Guard
from local.server.entry.signed import Signed
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

    def in_docker(logs: LogSink) -> Executor:
        return docker_executor(logs, docker, paths.state / "file-systems")

    metadata_token = token_urlsafe()
    engines = batch_service.start(paths, metadata_token, in_docker if executor == DOCKER else None)
    engine = engines.home
    alarms = QueueAlarms(alarm_store.queue_alarms, alarm_store.set_alarm)

    def end() -> None:
        alarms.close()
        engines.close()
        stop_lambda_workers()

    pages = Controls(calls, mailbox, FaultsPage(engine), executor, InstancesPage(engine), metadata_token)
    gateway = Signed(Gateway(asgi, calls, pages), secret_key(paths.secret_file), pages.is_open)
    asyncio.run(serve_until_signal(Guard(gateway, paths.port), paths, end))


def _mend(paths: LocalCloudPaths) -> None:
    """Mend what ministack does otherwise than AWS."""
    access.count_loopback_as_tls()
    access.name_event_sources()
    functions.give_sessions()
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
