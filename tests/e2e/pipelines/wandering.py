"""A step that moves to on-demand machines: its queue is deployed because a pipeline names it."""

from sluice import Job, Manual, Pipeline, Resubmit

pipeline = Pipeline(
    name="wandering",
    triggers=[Manual()],
    steps=[Job("wander", image="busybox", command=["true"], retries=Resubmit(times=1, reclaimed=2))],
)
