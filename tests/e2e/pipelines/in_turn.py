"""One run at a time."""

from sluice import Job, Manual, Pipeline

pipeline = Pipeline(
    name="in-turn",
    triggers=[Manual()],
    max_concurrent_runs=1,
    steps=[Job("wait", image="busybox", command=["sleep", "1"])],
)
