"""An estimate of pi with its error bar, from 10,000 seeds that are thrown side by side.

Every Sunday, and when it is asked for: by an event, or by a signed HTTPS request.
"""

from sluice.pipeline import Array, Job, Manual, Pipeline, Schedule, Webhook

INPUT = {
    "type": "object",
    "properties": {"throws": {"type": "integer", "minimum": 1, "maximum": 1_000_000}},
    "required": ["throws"],
    "additionalProperties": False,
}

pipeline = Pipeline(
    name="monte-carlo",
    triggers=[Manual(), Schedule("cron(0 2 ? * SUN *)", input={"throws": 1_000}), Webhook(schema=INPUT, rotate_days=90)],
    steps=[
        Array("throw", run="throw", size=10_000, items_per_child=1_000, memory=512),  # ten children of 1,000 seeds
        Job("estimate", run="estimate", after=["throw"], memory=512),
    ],
)
