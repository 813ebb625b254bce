"""The one package that touches ministack's private names.

ministack (https://github.com/ministackorg/ministack) publishes a server, not a library. What Sluice adds to
it (a real AWS Batch, messages that would be mailed, credentials for jobs) hangs on the names that are used
here and nowhere else; tests/local/test_emulator.py fails by name when one of them moves.

Import it only in a process whose environment comes from `local.environment`: ministack reads it at import.
"""

from local.emulator.access import (
    access_key_of,
    count_loopback_as_tls,
    denied,
    enforce_iam,
    event_keys,
    iam_enforced,
    name_event_sources,
    principal,
    role_credentials,
)
from local.emulator.events import EVENTS_KEPT, bound_events_log, name_scheduled_times, put_event
from local.emulator.functions import address_functions, gather_batches, stop_lambda_workers
from local.emulator.objects import miss_images, name_versions, read_ranges_of_versions
from local.emulator.secrets import rotate_secrets, secret_value, set_rotation
from local.emulator.services import (
    Handler,
    Response,
    add_resource_types,
    answer_before,
    asgi,
    call_ec2,
    replace_service,
    scope,
    service_of,
)
from local.emulator.told import VISIBLE, capture_messages, put_logs, queue_alarms, set_alarm

__all__ = [
    "EVENTS_KEPT",
    "VISIBLE",
    "Handler",
    "Response",
    "access_key_of",
    "add_resource_types",
    "address_functions",
    "answer_before",
    "asgi",
    "bound_events_log",
    "call_ec2",
    "capture_messages",
    "count_loopback_as_tls",
    "denied",
    "enforce_iam",
    "event_keys",
    "gather_batches",
    "iam_enforced",
    "miss_images",
    "name_event_sources",
    "name_scheduled_times",
    "name_versions",
    "principal",
    "put_event",
    "put_logs",
    "queue_alarms",
    "read_ranges_of_versions",
    "replace_service",
    "role_credentials",
    "rotate_secrets",
    "scope",
    "secret_value",
    "service_of",
    "set_alarm",
    "set_rotation",
    "stop_lambda_workers",
]
