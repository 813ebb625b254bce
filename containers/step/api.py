"""Deprecated: import these from ``sluice.steps``."""

from sluice.deprecated import moved

__getattr__ = moved(
    __name__,
    {
        "Delivery": "sluice.steps:WebhookDelivery",
        "Item": "sluice.steps",
        "Moment": "sluice.steps:ScheduledTime",
        "Out": "sluice.steps",
        "Request": "sluice.steps",
        "Results": "sluice.steps",
        "Trigger": "sluice.steps",
        "Upload": "sluice.steps",
        "Uploads": "sluice.steps",
    },
)
