"""Files that come with a request: a file an item."""

from sluice.pipeline import Array, Job, Manual, Pipeline, Plan

pipeline = Pipeline(
    name="brought",
    triggers=[Manual()],
    steps=[Plan("files"), Array("read", run="read", items_of="files", memory=512), Job("tell", run="tell", after=["read"], memory=512)],
)
