"""Makes ready what all jobs of an image need, in a process that is then copied for each of them.

The local cloud does that: it calls ``prepare`` and ``load`` once, and ``run`` in each copy, whose environment
is by then that of a job. On AWS nothing calls this.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from typing import NoReturn

from sluice.aws import clients
from sluice.errors import SettingError
from sluice.runtime import __main__ as program
from sluice.runtime.warm.rehearsal import rehearse
from sluice.runtime.worker.shutdown import keep_loaded_modules
from sluice.settings import JobSettings

NEEDED = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
"""The variables without which a job must be started anew: it looks for credentials elsewhere."""
_SERVICES = ("dynamodb", "s3", "sns")


def prepare() -> None:
    """Make the clients, and let them work out what they need for each call; their credentials are set in each
    copy. All that is loaded then stays shared, and no copy takes it down.
    """
    clients.set_credentials("none", "none", "none")
    for service in _SERVICES:
        clients.client(service)
    with suppress(SettingError):  # Each job says itself what is missing.
        settings = JobSettings.from_env(os.environ)
        rehearse(settings.ledger_table, settings.work_bucket, settings.plan_topic)
    keep_loaded_modules()


def load(words: Sequence[str]) -> None:
    """Import the module of the user's function that the words of a job name."""
    module, colon, _ = words[0].partition(":")
    if colon:
        import_module(module)


def run(words: Sequence[str]) -> NoReturn:
    """Do the work of one job, as its program does."""
    key, secret = (os.environ[name] for name in NEEDED)
    clients.set_credentials(key, secret, os.environ.get("AWS_SESSION_TOKEN", ""))
    sys.modules["__main__"] = program
    program.run(words)
