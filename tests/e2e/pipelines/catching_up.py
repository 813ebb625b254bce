"""A schedule that begins before it is deployed; two of its times are over, for ever."""

from sluice import Job, Pipeline, Schedule

pipeline = Pipeline(
    name="catching-up",
    triggers=[
        Schedule(
            "cron(0 9 1 2 ? 2024,2025,2199)", timezone="Europe/Berlin", start="2023-06-01", catch_up=True
        )
    ],
    max_concurrent_runs=1,
    steps=[Job("say", image="busybox", command=["echo", "{input}"])],
)
