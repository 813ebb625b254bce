"""A run for each signed request to the pipeline's own address, which says what the request was."""

from sluice import INPUT, Job, Pipeline, Webhook

BODY = {
    "type": "object",
    "properties": {"throws": {"type": "integer", "minimum": 1, "maximum": 1_000_000}},
    "required": ["throws"],
    "additionalProperties": False,
}

pipeline = Pipeline(
    name="deliveries",
    triggers=[Webhook(schema=BODY, rotate_days=90)],
    steps=[Job("say", image="busybox", command=["echo", "delivered", INPUT])],
)
