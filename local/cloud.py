"""The local cloud: the emulator, with what Sluice adds to it."""

import asyncio

from local import batch_service, emulator
from local.alarms import QueueAlarms
from local.calls import CallCounter
from local.controls import Controls
from local.gateway import Gateway
from local.mailbox import Mailbox
from local.place import Place
from local.server import serve_until_told


def run(place: Place) -> None:
    """Serve the cloud at `place` until the process is told to end, then end every process that it started."""
    calls, mailbox = CallCounter(), Mailbox()
    emulator.capture_messages(mailbox.deliver)
    emulator.miss_images()
    emulator.name_versions()
    emulator.name_scheduled_times()
    emulator.read_ranges_of_versions()
    emulator.count_loopback_as_tls()
    engine = batch_service.start(place)
    alarms = QueueAlarms(emulator.queue_alarms, emulator.set_alarm)

    def end() -> None:
        alarms.close()
        engine.close()
        emulator.stop_lambda_workers()

    gateway = Gateway(emulator.asgi, calls, Controls(calls, mailbox))
    asyncio.run(serve_until_told(gateway, place, end))
