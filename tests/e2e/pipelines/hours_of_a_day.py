"""A set of files: the hours of a day, one run a day at a time."""

from sluice import FileSet, Job, Pipeline

pipeline = Pipeline(
    name="hours-of-a-day",
    triggers=[FileSet("hours/{date}/{hour:02}.txt", expect=24, late="6h", later_files="rerun")],
    max_concurrent_runs=1,
    per="partition",
    steps=[Job("say", image="busybox", command=["echo", "{input}"])],
)
