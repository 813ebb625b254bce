"""A pipeline of the team data, whose job waits, or does what the request says instead."""

from sluice import Job, Manual, Pipeline

pipeline = Pipeline(
    name="team-data",
    tags={"team": "data"},
    triggers=[Manual(overrides=["command"])],
    steps=[Job("wait", image="busybox", command=["sleep", "600"])],
)
