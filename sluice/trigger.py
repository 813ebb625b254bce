"""Deprecated: import these from ``sluice.steps``."""

from sluice.deprecated import moved

__getattr__ = moved(
    __name__,
    {
        "Delivery": "sluice.steps:WebhookDelivery",
        "Moment": "sluice.steps:ScheduledTime",
        "Request": "sluice.steps",
    },
)
