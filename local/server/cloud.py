"""The local cloud: the emulator, with what Sluice adds to it and mends in it."""

import asyncio
from collections.abc import Mapping
from secrets import token_urlsafe

from local.batch.ports import Executor, LogSink
from local.emulator.additions import accounts, alarm_store, bus_policies, messages, network_types
from local.emulator.additions.alarms import QueueAlarms
from local.emulator.additions.instance_metadata import InstanceMetadata
from local.emulator.additions.mailbox import Mailbox
from local.emulator.additions.ops_items import OpsItems
from local.emulator.additions.task_metadata import TaskMetadata
from local.emulator.events import bus_statements
from local.emulator.functions import stop_lambda_workers
from local.emulator.patches import (
    access,
    events,
    functions,
    images,
    layers,
    objects,
    physical_names,
    secrets,
    sessions,
    stacks,
)
from local.emulator.patches.rotation import ROTATION_SCHEDULE, Rotations
from local.emulator.patches.tables import item_keys, quick_expressions, quick_queries
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

    faults, instances = FaultsPage(engine), InstancesPage(engines.of)
    machines = InstanceMetadata(engines.instance)
    tasks = TaskMetadata(engines.task)
    pages = Controls(calls, mailbox, faults, executor, instances, metadata_token, machines, tasks)
    gateway = Signed(Gateway(asgi, calls, pages), secret_key(paths.secret_file), pages.is_open)
    asyncio.run(serve_until_signal(Guard(gateway, paths.port), paths, end))


def _mend(paths: LocalCloudPaths) -> None:
    """Mend what ministack does otherwise than AWS."""
    access.count_loopback_as_tls()
    access.match_any_key()
    access.name_denied_objects()
    access.name_batches_by_their_action()
    access.name_event_sources()
    functions.give_sessions()
    sessions.evict_from_copies()
    events.ask_queue_policies()
    events.bound_events_log()
    events.name_scheduled_times()
    events.begin_rates_at_once()
    functions.address_functions(paths.endpoint)
    functions.gather_batches()
    functions.spare_invocations()
    images.miss_images()
    layers.leave_foreign_layers_out()
    item_keys.name_items()
    quick_queries.narrow_queries()
    quick_expressions.read_expressions_once()
    objects.name_versions()
    objects.read_ranges_of_versions()
    secrets.rotate_secrets(Rotations(paths).begin)
    stacks.keep_exports_in_use()
    stacks.check_names_first()
    physical_names.cut_names_evenly()


def _add(mailbox: Mailbox) -> None:
    """Add what ministack lacks."""
    messages.capture_messages(mailbox.deliver)
    accounts.forward_events()
    accounts.keep_bus_policies()
    accounts.name_foreign_roles()
    answer_before("ssm", OpsItems().answer)
    add_resource_types(network_types.handlers(call_ec2))
    add_resource_types(ROTATION_SCHEDULE)
    add_resource_types(bus_policies.handlers(bus_statements))
