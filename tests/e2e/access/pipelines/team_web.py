"""A pipeline of the team web, whose job waits, or does what the request says instead."""

from sluice import Job, Manual, Pipeline

pipeline = Pipeline(
    name="team-web",
    tags={"team": "web"},
    triggers=[Manual(overrides=["command"])],
    steps=[Job("wait", image="busybox", command=["sleep", "600"])],
)
