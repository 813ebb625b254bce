"""The types of the arguments of step functions: ``from sluice.steps import Item, Out, Results, Upload``.

``sluice.runtime.step_types`` describes them.
"""

from sluice.runtime.node import Node
from sluice.runtime.step_types import Item, Out, Results, Trigger, Upload, Uploads
from sluice.triggers.trigger_event import Request, ScheduledTime, WebhookDelivery

__all__ = [
    "Item",
    "Node",
    "Out",
    "Request",
    "Results",
    "ScheduledTime",
    "Trigger",
    "Upload",
    "Uploads",
    "WebhookDelivery",
]
