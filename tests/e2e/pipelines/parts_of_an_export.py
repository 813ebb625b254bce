"""A set of files that a manifest lists."""

from sluice import FileSet, Job, Pipeline

pipeline = Pipeline(
    name="parts-of-an-export",
    triggers=[
        FileSet("export/{date}/{part}.csv", manifest="manifest.json"),
        FileSet("listed/{date}/{part}.csv", marker="_SUCCESS"),
    ],
    steps=[Job("say", image="busybox", command=["echo", "{input}"])],
)
